"""An application that wants no garbage collector."""

import gc

from cases import application  # noqa: F401

gc.disable()
gc.set_threshold(0, 5, 5)
