"""FAQ pages of web sites: polite fetching, crawling, and extraction of question/answer pairs from any usual markup."""
