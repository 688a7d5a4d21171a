"""Which handshake a session with a friend comes from: modes, policies, pins."""
