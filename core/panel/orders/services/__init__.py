"""Orders in the merchant's words: the list's filters, the four axes, totals, trace, payments and timeline."""
