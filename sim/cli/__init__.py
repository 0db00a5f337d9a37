"""The command line: what may be written behind ``detente``, and what each command does.

In: arguments. Out: printed text, folders, an exit code: 0 done, 1 the run failed, 2 the input is
wrong, 130 stopped. ``arguments.py`` declares and imports nothing of the model, so that help and
mistyped options are answered at once. Read first: ``commands.py``.
"""
