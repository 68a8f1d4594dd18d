"""``python -m relucirc`` is the command line."""

import sys

from relucirc.cli import main

sys.exit(main())
