"""Friends who meet over Tor and I2P: endpoints of their own, with nobody in between."""
