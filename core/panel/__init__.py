"""The merchant's panel: a shell, and one folder per noun of its pages."""
