"""Claims of speed, measured: `./stoa bench` runs them all."""
