"""Which forge runs this job, as the variables of its CI say."""

from __future__ import annotations

import pytest

from fluxbump.forges import detect
from fluxbump.forges.detect import Hosted
from fluxbump.git.remote_url import parse

# What each CI sets in a job, as far as it tells of the forge; forgejo.org/docs says that Forgejo
# sets the variables of Gitea and of GitHub too, and Gitea sets those of GitHub.
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://ghe.acme.org"}
GITEA = {
    "GITHUB_ACTIONS": "true",
    "GITEA_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://git.acme.org:3000/gitea",
}
FORGEJO = {
    **GITEA,
    "FORGEJO_ACTIONS": "true",
    "FORGEJO_SERVER_URL": "https://git.acme.org:3000/gitea",
}
FORGEJO_6 = {**GITEA, "FORGEJO_ACTIONS": "true"}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_SERVER_URL": "https://acme.org/gitlab",
    "CI_SERVER_SHELL_SSH_HOST": "ssh.acme.org",
}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_REPOSITORY_PROVIDER": "TfsGit",
    "BUILD_REPOSITORY_URI": "https://tfs.acme.org/tfs/Main/Project/_git/r",
}
BITBUCKET = {
    "BITBUCKET_BUILD_NUMBER": "7",
    "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.acme.org/o/r",
}


@pytest.mark.parametrize(
    ("environ", "remote", "expected"),
    [
        (
            GITHUB, "https://ghe.acme.org/o/r",
            Hosted("github", "https://ghe.acme.org/api/v3", "o/r"),
        ),
        (
            GITHUB, "git@ghe.acme.org:o/r.git",
            Hosted("github", "https://ghe.acme.org/api/v3", "o/r"),
        ),
        (
            GITEA, "https://git.acme.org:3000/gitea/o/r",
            Hosted("gitea", "https://git.acme.org:3000/gitea/api/v1", "o/r"),
        ),
        (
            GITEA, "ssh://git@git.acme.org:2222/o/r.git",
            Hosted("gitea", "https://git.acme.org:3000/gitea/api/v1", "o/r"),
        ),
        (
            FORGEJO, "git@git.acme.org:o/r.git",
            Hosted("forgejo", "https://git.acme.org:3000/gitea/api/v1", "o/r"),
        ),
        (
            FORGEJO_6, "git@git.acme.org:o/r.git",
            Hosted("forgejo", "https://git.acme.org:3000/gitea/api/v1", "o/r"),
        ),
        (
            GITLAB, "https://acme.org/gitlab/o/p/r.git",
            Hosted("gitlab", "https://acme.org/gitlab/api/v4", "o/p/r"),
        ),
        (
            GITLAB, "git@ssh.acme.org:o/p/r.git",
            Hosted("gitlab", "https://acme.org/gitlab/api/v4", "o/p/r"),
        ),
        (
            AZURE, "https://tfs.acme.org/tfs/Main/Project/_git/r",
            Hosted("azure", "https://tfs.acme.org/tfs", "Main/Project/r"),
        ),
        (
            BITBUCKET, "git@bitbucket.acme.org:o/r.git",
            Hosted("bitbucket", "https://bitbucket.acme.org/2.0", "o/r"),
        ),
    ],
)  # fmt: skip
def test_a_job_on_the_forge_says_what_the_host_does_not(
    environ: dict[str, str], remote: str, expected: Hosted
) -> None:
    url = parse(remote)[0]
    assert detect.known(url, environ) == expected.kind
    kind, site = detect.told_by_ci(url, environ, None)
    assert detect.detect(url, kind=kind, forge_url=site) == expected


@pytest.mark.parametrize(
    ("environ", "remote"),
    [
        ({}, "https://git.acme.org/o/r"),
        (GITEA, "https://other.acme.org/o/r"),
        (GITEA, "https://git.acme.org:8443/o/r"),  # something else may listen there
        (GITEA, "/srv/git/r.git"),
        ({"GITHUB_SERVER_URL": "https://git.acme.org"}, "https://git.acme.org/o/r"),
        ({**GITEA, "GITHUB_SERVER_URL": "https://["}, "https://git.acme.org/o/r"),
        ({**GITEA, "GITHUB_SERVER_URL": ""}, "https://git.acme.org/o/r"),
        ({**AZURE, "BUILD_REPOSITORY_PROVIDER": "GitHub"}, "https://tfs.acme.org/o/r"),
    ],
)
def test_of_other_hosts_a_job_says_nothing(environ: dict[str, str], remote: str) -> None:
    url = parse(remote)[0]
    assert detect.known(url, environ) is None
    assert detect.told_by_ci(url, environ, None) == (None, None)


def test_a_host_that_everybody_knows_is_what_it_is() -> None:
    url = parse("https://github.com/o/r")[0]
    environ = {**GITEA, "GITHUB_SERVER_URL": "https://github.com"}
    assert detect.known(url, environ) == "github"
    assert detect.told_by_ci(url, environ, None) == (None, None)


def test_the_configuration_wins_over_the_job() -> None:
    url = parse("git@git.acme.org:o/r.git")[0]
    assert detect.told_by_ci(url, GITEA, "gitlab") == ("gitlab", None)
    assert detect.told_by_ci(url, GITEA, "gitea") == ("gitea", "https://git.acme.org:3000/gitea")
