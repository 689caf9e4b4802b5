"""`python -m scenefill`: the command line, for torchrun and for where no script was installed."""

from .cli import main

main()
