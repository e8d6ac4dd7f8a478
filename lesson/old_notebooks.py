"""TensorFlow 1 for notebooks that were written for it: compat.v1, with tf.layers and a part of tf.contrib."""

import ast
import contextlib
import sys
import types

from lesson import contrib_layers
from lesson.contrib_layers import tf, tf_layers

import tensorflow  # isort: skip (contrib_layers has loaded it quietly)

NOTE = 'written for TensorFlow 1: tf is tensorflow.compat.v1, tf.layers come from tf_keras, tf.contrib is translated'


def is_old(nodes):
    """Whether statements use what the module `tensorflow` contained in version 1, and does not contain today."""
    nodes = [inner for outer in nodes for inner in ast.walk(outer)]
    names, others, used = {'tensorflow'}, set(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.asname for alias in node.names if alias.name == 'tensorflow' and alias.asname}
            others |= {alias.asname for alias in node.names if alias.name != 'tensorflow'}
            used |= {alias.name.split('.')[1] for alias in node.names if alias.name.startswith('tensorflow.')}
        elif isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] == 'tensorflow':
            others |= {alias.asname or alias.name for alias in node.names}
            used |= {alias.name for alias in node.names} if node.module == 'tensorflow' else {node.module.split('.')[1]}
        elif isinstance(node, ast.Assign):  # tf = tensorflow, or tf = tf.compat.v1
            targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
            same = isinstance(node.value, ast.Name) and node.value.id in names
            names, others = (names | targets, others) if same else (names, others | targets)
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    used |= {node.attr for node in attributes if node.value.id in names - others}
    return any(name == 'contrib' or (not hasattr(tensorflow, name) and hasattr(tf, name)) for name in used)


class _TensorFlow1(types.ModuleType):
    __path__ = tensorflow.__path__

    def __getattr__(self, name):
        return tf_layers() if name == 'layers' else getattr(tf, name)


_OLD = _TensorFlow1('tensorflow')
_OLD.contrib = types.ModuleType('tensorflow.contrib')
_OLD.contrib.layers = contrib_layers
_MODULES = {'': _OLD, '.contrib': _OLD.contrib, '.contrib.layers': contrib_layers}


@contextlib.contextmanager
def imports():
    """Imports of tensorflow and of its parts are those of TensorFlow 1."""
    sys.modules |= {f'tensorflow{name}': module for name, module in _MODULES.items()}
    try:
        yield
    finally:
        for name in _MODULES:
            del sys.modules[f'tensorflow{name}']
        sys.modules['tensorflow'] = tensorflow
