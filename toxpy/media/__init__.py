"""Sound and pictures for calls and conferences: codecs, and the buffer that evens out their arrival."""
