"""Airflow's simple auth manager with one more role: REVIEWER reads what a viewer reads and answers reviews, no more.

Airflow's own USER role can mark a waiting review as successful, trigger runs and write XComs; a reviewer must not. The
simple auth manager is for the laptop; `docs/reviewing.md` shows the same permission in Airflow's FAB auth manager.
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

REVIEWER = "REVIEWER"
VIEWER = "VIEWER"


class ReviewerAuthManager(SimpleAuthManager):
    """Treats configured reviewers as viewers who may also answer waiting reviews."""

    def deserialize_user(self, token: dict[str, Any]) -> SimpleAuthManagerUser:
        """Read a user from a token; a reviewer reads like a viewer, so every other decision is a viewer's."""
        role = VIEWER if str(token["role"]).upper() == REVIEWER else token["role"]
        return SimpleAuthManagerUser(username=token["sub"], role=role, teams=token.get("teams"))

    def is_authorized_dag(
        self,
        *,
        method: ResourceMethod,
        user: SimpleAuthManagerUser,
        access_entity: DagAccessEntity | None = None,
        details: DagDetails | None = None,
    ) -> bool:
        """Let reviewers answer; Airflow itself then checks that the review is assigned to them."""
        answering = access_entity == DagAccessEntity.HITL_DETAIL and method == "PUT"
        if answering and user.username in self.reviewers():
            return True
        allowed: bool = super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
        return allowed

    @classmethod
    def reviewers(cls) -> set[str]:
        """Return the users that the configuration names as reviewers now: taking one out works at once."""
        return {user.username for user in cls.get_users() if str(user.role).upper() == REVIEWER}
