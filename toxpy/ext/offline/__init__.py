"""Messages for friends who are away, left at mailboxes that the recipient chose."""
