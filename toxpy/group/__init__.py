"""Groups (NGC): chats of many with a founder, moderators and a state that is signed."""
