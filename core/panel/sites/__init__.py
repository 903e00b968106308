"""Sites: their names, addresses, languages and money."""
