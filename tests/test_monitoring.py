"""What watches the service must not stand in its way."""

from __future__ import annotations

from vocapp import monitoring


def test_a_request_that_cannot_be_counted_is_answered(api, monkeypatch):
    def no_space(*_labels):
        raise OSError(28, "No space left on device")

    survey = api.survey()
    monkeypatch.setattr(monitoring._requests, "labels", no_space)
    stored = api.respond(survey=survey["key"], score=9)
    assert stored.status_code == 201
    assert api.get(f"/api/v1/responses/{stored.json['id']}").json["score"] == 9


def test_requests_are_counted_by_class_of_status(api):
    def counted(status):
        lines = api.client.get("/metrics").text.splitlines()
        name = f'voc_http_requests_total{{status="{status}"}} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted("4xx")
    assert api.get("/api/v1/surveys/absent/metrics").status_code == 404
    assert counted("4xx") == before + 1
