"""Collection: from the company's sources to one repository of question/answer rows."""
