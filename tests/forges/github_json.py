"""GitHub's objects as its REST interface writes them, complete by its OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

_USER_URLS = (
    "followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url",
    "organizations_url", "repos_url", "events_url", "received_events_url",
)  # fmt: skip
_REPOSITORY_URLS = (
    "archive_url", "assignees_url", "blobs_url", "branches_url", "collaborators_url",
    "comments_url", "commits_url", "compare_url", "contents_url", "contributors_url",
    "deployments_url", "downloads_url", "events_url", "forks_url", "git_commits_url",
    "git_refs_url", "git_tags_url", "hooks_url", "issue_comment_url", "issue_events_url",
    "issues_url", "keys_url", "labels_url", "languages_url", "merges_url", "milestones_url",
    "notifications_url", "pulls_url", "releases_url", "stargazers_url", "statuses_url",
    "subscribers_url", "subscription_url", "tags_url", "teams_url", "trees_url",
)  # fmt: skip
_COUNTS = (
    "forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count",
    "watchers", "watchers_count", "network_count", "subscribers_count",
)  # fmt: skip
_NOTHING = ("description", "homepage", "language", "mirror_url", "license")
_LINKS = {
    "html": "html_url", "issue": "issue_url", "comments": "comments_url", "self": "url",
    "review_comments": "review_comments_url", "review_comment": "review_comment_url",
    "commits": "commits_url", "statuses": "statuses_url",
}  # fmt: skip


def number_of(text: str) -> int:
    """Return an id that is always the same for the same text."""
    return int.from_bytes(text.encode()[:6].ljust(6, b"\0"))


def user(api: str, login: str) -> Json:
    url = f"{api}/users/{login}"
    return {
        "login": login,
        "id": number_of(login),
        "node_id": f"U_{login}",
        "avatar_url": f"{url}/avatar",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.example/{login}",
        **{name: f"{url}/{name.removesuffix('_url')}" for name in _USER_URLS},
        "type": "User",
        "site_admin": False,
    }


def team(api: str, owner: str, slug: str) -> Json:
    url = f"{api}/organizations/{owner}/team/{slug}"
    return {
        "id": number_of(slug), "node_id": f"T_{slug}", "url": url, "name": slug, "slug": slug,
        "members_url": f"{url}/members{{/member}}", "description": None, "permission": "push",
        "html_url": f"https://github.example/orgs/{owner}/teams/{slug}",
        "repositories_url": f"{url}/repos", "parent": None, "type": "organization",
    }  # fmt: skip


def label(api: str, name: str) -> Json:
    return {
        "id": number_of(name), "node_id": f"LA_{name}", "url": f"{api}/labels/{name}",
        "name": name, "description": "", "color": "ededed", "default": False,
    }  # fmt: skip


def repository(api: str, full_name: str, *, fork: bool, settings: Json) -> Json:
    owner, _, name = full_name.partition("/")
    url = f"{api}/repos/{full_name}"
    return {
        "id": number_of(name),
        "node_id": f"R_{name}",
        "name": name,
        "full_name": full_name,
        "owner": user(api, owner),
        "private": False,
        "fork": fork,
        "url": url,
        "html_url": f"https://github.example/{full_name}",
        **{field: f"{url}/{field.removesuffix('_url')}" for field in _REPOSITORY_URLS},
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_NOTHING),
        **{f"has_{what}": True for what in ("downloads", "issues", "projects", "wiki")},
        "has_pages": False,
        "has_discussions": False,
        "clone_url": f"https://github.example/{full_name}.git",
        "git_url": f"git://github.example/{full_name}.git",
        "ssh_url": f"git@github.example:{full_name}.git",
        "svn_url": f"https://github.example/{full_name}",
        "default_branch": "main",
        "archived": False,
        "disabled": False,
        "pushed_at": "2025-01-01T00:00:00Z",
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
        **settings,
    }


def side(label: str, ref: str, sha: str, repo: Json | None, owner: Json) -> Json:
    return {"label": label, "ref": ref, "sha": sha, "repo": repo, "user": owner}


def addresses(api: str, full_name: str, number: int) -> Json:
    """The addresses of a pull request."""
    url = f"{api}/repos/{full_name}/pulls/{number}"
    issue = f"{api}/repos/{full_name}/issues/{number}"
    page = f"https://github.example/{full_name}/pull/{number}"
    urls = {
        "url": url, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch",
        "issue_url": issue, "comments_url": f"{issue}/comments", "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{url}/comments{{/number}}", "statuses_url": f"{url}/statuses",
    }  # fmt: skip
    return urls | {"_links": {name: {"href": urls[field]} for name, field in _LINKS.items()}}


DETAILS: Json = {
    "merged_by": None, "mergeable": None, "rebaseable": None, "mergeable_state": "unknown",
    "comments": 0, "review_comments": 0, "maintainer_can_modify": False, "commits": 1,
    "additions": 1, "deletions": 1, "changed_files": 1,
}  # fmt: skip
"""What a single pull request has more than one in a listing."""


def issue(api: str, full_name: str, pull: Json, assignees: Iterable[str]) -> Json:
    url = f"{api}/repos/{full_name}/issues/{pull['number']}"
    shared = ("number", "title", "body", "state", "labels", "user", "closed_at")
    return {
        **{name: pull[name] for name in (*shared, "created_at", "updated_at", "html_url")},
        "id": pull["id"],
        "node_id": pull["node_id"],
        "url": url,
        "repository_url": f"{api}/repos/{full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "locked": False,
        "assignee": None,
        "assignees": [user(api, name) for name in assignees],
        "milestone": None,
        "comments": 0,
        "author_association": "COLLABORATOR",
    }


def comment(api: str, full_name: str, number: int, index: int, *, text: str, author: str) -> Json:
    url = f"{api}/repos/{full_name}/issues"
    return {
        "id": index, "node_id": f"IC_{index}", "url": f"{url}/comments/{index}", "body": text,
        "html_url": f"https://github.example/{full_name}/pull/{number}#issuecomment-{index}",
        "issue_url": f"{url}/{number}", "user": user(api, author),
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
        "author_association": "COLLABORATOR",
    }  # fmt: skip


def status(api: str, full_name: str, state: str, text: str, author: str) -> Json:
    return {
        "url": f"{api}/repos/{full_name}/statuses/1", "avatar_url": None, "id": 1,
        "node_id": "SC_1", "state": state, "description": text, "target_url": None,
        "context": "fluxbump", "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z", "creator": user(api, author),
    }  # fmt: skip
