"""What Airflow is told of the settings: its tasks write through the mail server that `[mail]` names.

Named as Airflow's secrets backend (`AIRFLOW__SECRETS__BACKEND=pipeline.airflow_secrets.MailFromSettings`), so that mail
is configured once. A connection `smtp_default` in the environment wins.
"""

from __future__ import annotations

import os

from airflow.sdk.bases.secrets_backend import BaseSecretsBackend

from pipeline.mail_connection import NAME, VARIABLE, as_connection
from pipeline.settings import current


class MailFromSettings(BaseSecretsBackend):
    """Knows the connection `smtp_default`, and nothing else."""

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """Return the connection to the mail server of the settings; None for any other, which Airflow looks up."""
        if conn_id != NAME or os.environ.get(VARIABLE):
            return None
        return as_connection(current().mail)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return None: variables are elsewhere."""
        return None

    def get_config(self, key: str) -> str | None:
        """Return None: options of Airflow are elsewhere."""
        return None
