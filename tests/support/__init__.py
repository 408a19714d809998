"""What tests share: a running collector, a site with its list and keys, a clock that can be set."""
