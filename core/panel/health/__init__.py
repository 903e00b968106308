"""Whether the machinery is well."""
