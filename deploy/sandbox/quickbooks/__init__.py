"""QuickBooks Online's Accounting API and token service as documented, over companies kept in memory."""
