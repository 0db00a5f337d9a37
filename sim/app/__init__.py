"""The live page: strategies side by side, whose answers follow every change.

In: a scenario and what a person changes. Out: answers that grow more precise while nothing is
changed. The state and the answers are plain Python (this package) and can be used without a
browser; ``web/`` is the page. Read first: ``session.py`` (the state), then ``progressive.py``.
"""
