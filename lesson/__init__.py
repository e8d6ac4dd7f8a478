"""The machinery behind the lesson. Nobody has to open it to follow the notebook."""

__version__ = '2.0.0'
