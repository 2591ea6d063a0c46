"""Where data rests: the operational record, the warehouse and the cache, each embedded or by URL behind one interface."""
