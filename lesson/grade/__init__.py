"""Judges a class: every notebook of a folder in processes of its own, as a table and as pages.

A notebook is a program of somebody else. It is confined as far as the operating system allows (confine.py). That keeps
accidents away from other notebooks, and from the teacher's files; it does not make a program trustworthy.
"""
