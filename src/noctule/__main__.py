"""`python -m noctule` is the `noctule` command."""

from noctule.cli import main

main()
