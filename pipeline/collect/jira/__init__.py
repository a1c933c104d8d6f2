"""Tickets of Jira Cloud, Jira Server or Data Center, and of a plain tickets API."""
