"""What the panel shows of plugins, and what it does with their settings form."""
