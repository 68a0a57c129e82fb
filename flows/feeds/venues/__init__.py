"""One file a venue. A module here that has ``ADAPTERS``, factories by name, is a feed; nothing else need be changed."""
