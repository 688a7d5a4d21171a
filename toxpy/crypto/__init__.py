"""Keys and the primitives of libsodium; nothing here is our own cryptography."""
