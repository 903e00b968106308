"""The verbs of this plugin, by what they are about."""
