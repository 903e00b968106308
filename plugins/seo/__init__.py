"""SEO: what search engines read of a shop, where old addresses lead, and files of goods for markets."""
