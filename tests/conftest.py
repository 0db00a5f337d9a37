"""What hypothesis tries is the same on every machine; ``--hypothesis-profile=new`` tries other."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("same")
