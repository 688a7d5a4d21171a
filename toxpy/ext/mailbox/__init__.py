"""The role of a mailbox: it keeps sealed messages for a day, for recipients who are away."""
