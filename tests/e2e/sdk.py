"""The published Python SDK, unchanged, against a running Sortroom: `sdk.py URL TOKEN CORPUS`.

Every step is what a user of the hosted service writes; only the base URL differs. A failed step raises an exception.
"""

import sys
import time
import urllib.request
from pathlib import Path

import llama_cloud
from llama_cloud import LlamaCloud

RULES = [
    {"type": "invoice", "description": "Invoice with an invoice number, line items, taxes and a total amount due"},
    {"type": "contract", "description": "Contract or agreement between parties with terms, obligations and signatures"},
]


def assert_raises(kind, call):
    """Calls `call`, which must raise `kind`, and returns the exception."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def main(url: str, token: str, corpus: Path) -> None:
    client = LlamaCloud(api_key=token, base_url=url)
    path = corpus / "pdf" / "invoice-en.pdf"

    by_path = client.files.create(file=path, purpose="classify", external_file_id="case-7")
    assert by_path.id.startswith("dfl-") and by_path.name == path.name, by_path
    by_bytes = client.files.create(file=path.read_bytes(), purpose="parse")
    assert by_bytes.file_type == "pdf", by_bytes
    named = client.files.create(file=("Rechnung März.pdf", path.read_bytes(), "application/pdf"), purpose="classify")
    assert named.name == "Rechnung März.pdf", named
    assert [item.id for item in client.files.list(external_file_id="case-7")] == [by_path.id]
    content = client.files.content(by_path.id, expires_at_seconds=600)
    with urllib.request.urlopen(content.url) as response:
        assert response.read() == path.read_bytes()
    print("files: ok")

    job = client.classify.run(file_input=by_bytes.id, configuration={"rules": RULES, "mode": "FAST"})
    assert job.status == "COMPLETED" and job.result.type == "invoice", job
    assert 0.5 < job.result.confidence <= 1 and job.result.reasoning, job.result
    assert client.classify.get(job.id, expand=["usage"]).usage is not None
    print("classify with rules: ok")

    saved = client.configurations.create(
        name="papers", parameters={"product_type": "classify_v2", "rules": RULES, "mode": "FAST"}
    )
    created = client.classify.create(file_input=by_path.id, configuration_id=saved.id, transaction_id="tx-1")
    repeated = client.classify.create(file_input=by_path.id, configuration_id=saved.id, transaction_id="tx-1")
    assert created.id == repeated.id
    done = client.classify.wait_for_completion(created.id)
    assert done.configuration_id == saved.id and done.configuration.rules[0].type == "invoice", done
    assert [item.id for item in client.configurations.list(product_type=["classify_v2"], latest_only=True)] == [saved.id]
    client.configurations.update(saved.id, name="papers-2")
    assert client.configurations.retrieve(saved.id).name == "papers-2"
    print("classify with a configuration: ok")

    for _ in range(7):
        client.classify.create(file_input=by_path.id, configuration={"rules": RULES})
    found = [item.id for item in client.classify.list(page_size=2)]
    assert len(found) == len(set(found)) == 9, found
    assert [item.id for item in client.classify.list(job_ids=[job.id, created.id])] == [created.id, job.id]
    assert [item.id for item in client.classify.list(configuration_id=saved.id, status="COMPLETED")] == [created.id]
    since = client.classify.list(created_at_on_or_after=job.created_at, created_at_on_or_before=job.created_at)
    assert job.id in [item.id for item in since]
    print("listing: ok")

    broken = client.files.create(file=corpus / "bad" / "password-aes.pdf", purpose="classify")
    failed = client.classify.create(file_input=broken.id, configuration={"rules": RULES})
    error = assert_raises(llama_cloud.PollingError, lambda: client.classify.wait_for_completion(failed.id))
    assert "PDF_IS_PROTECTED" in str(error), error
    assert_raises(llama_cloud.ConflictError, lambda: client.classify.cancel(job.id))
    assert_raises(llama_cloud.NotFoundError, lambda: client.classify.get("clj-00000000-0000-4000-8000-000000000000"))
    short = [{"type": "x", "description": "short"}]
    error = assert_raises(
        llama_cloud.UnprocessableEntityError,
        lambda: client.classify.create(file_input=by_path.id, configuration={"rules": short}),
    )
    assert "description" in str(error), error
    stranger = LlamaCloud(api_key="llx-not-ours", base_url=url)
    assert_raises(llama_cloud.AuthenticationError, lambda: list(stranger.classify.list()))
    print("refusals: ok")

    assert client.classify.delete(job.id).id == job.id
    assert_raises(llama_cloud.NotFoundError, lambda: client.classify.get(job.id))
    client.configurations.delete(saved.id)
    client.files.delete(by_path.id)
    assert_raises(llama_cloud.NotFoundError, lambda: client.files.retrieve(by_path.id))
    print("removal: ok")

    parsed = client.parsing.parse(upload_file=path, tier="fast", version="latest", expand=["text", "items"])
    assert "invoice" in parsed.text.pages[0].text.lower(), parsed.text
    assert any(item.bbox for item in parsed.items.pages[0].items), parsed.items
    schema = {
        "type": "object",
        "properties": {"invoice_number": {"type": "string"}, "total_amount": {"type": "number"}},
    }
    assert client.extract.validate_schema(data_schema=schema).data_schema == schema
    extracted = client.extract.run(
        file_input=parsed.job.id, configuration={"data_schema": schema, "cite_sources": True, "confidence_scores": True}
    )
    assert extracted.extract_result["invoice_number"], extracted
    citation = extracted.extract_metadata.field_metadata.document_metadata["invoice_number"]["citation"]
    assert citation[0]["page"] == 1, citation
    assert client.extract.get(extracted.id, expand=["configuration"]).configuration.data_schema == schema
    assert [item.id for item in client.extract.list(file_input=parsed.job.id)] == [extracted.id]
    assert parsed.job.id in [item.id for item in client.parsing.list()]
    assert client.parsing.delete(parsed.job.id).id == parsed.job.id
    assert_raises(llama_cloud.NotFoundError, lambda: client.parsing.get(parsed.job.id))
    print("parse and extract: ok")

    mixed = b"Invoice number: HL-34120\nTotal amount due: 2772.00\nPage 1 of 1\f" + (
        b"Dear Mr Shaw,\n\nthank you for the visit of last week.\n\nKind regards,\nMaria Keller"
    )
    categories = [{"name": "invoice"}, {"name": "letter", "description": "A letter with a salutation and a closing"}]
    file = client.files.create(file=("mixed.txt", mixed, "text/plain"), purpose="split")
    split = client.split.create(file_input=file.id, configuration={"categories": categories}, transaction_id="mixed")
    assert client.split.create(file_input=file.id, configuration_id="x", transaction_id="mixed").id == split.id
    while split.status in ("pending", "processing"):
        time.sleep(0.05)
        split = client.split.get(split.id)
    assert [(item.category, item.pages) for item in split.result.segments] == [("invoice", [1]), ("letter", [2])], split
    assert [item.id for item in client.split.list(status="completed", job_ids=[split.id])] == [split.id]
    document = {"type": "file_id", "value": file.id}
    beta = client.beta.split.split(categories=categories, document_input=document, polling_interval=0.05)
    assert beta.document_input.value == file.id and len(beta.result.segments) == 2, beta
    assert_raises(llama_cloud.ConflictError, lambda: client.split.cancel(split.id))
    client.split.delete(split.id)
    assert_raises(llama_cloud.NotFoundError, lambda: client.split.get(split.id))
    print("split: ok")
    hook = client.webhook_configs.create(
        webhook_url="https://example.com/hook", webhook_events=["sheets.success"], webhook_signing_secret="whsec_x"
    )
    assert hook.has_secret and hook.webhook_events == ["sheets.success"], hook
    assert client.webhook_configs.update(hook.id, webhook_headers={"X-Env": "test"}).webhook_headers == {"x-env": "test"}
    assert client.webhook_configs.retrieve(hook.id).webhook_url == "https://example.com/hook"
    assert [item.id for item in client.webhook_configs.list()] == [hook.id]
    assert [item.id for item in client.webhook_configs.list_paginated(include_total=True)] == [hook.id]
    note = client.files.create(file=("note.txt", b"Invoice 17. Total due 9.00"), purpose="classify")
    inline = {"webhook_url": "https://example.com/inline", "webhook_events": ["sheets.success"]}
    client.classify.create(
        file_input=note.id,
        configuration={"rules": RULES},
        webhook_configuration_ids=[hook.id],
        webhook_configurations=[inline],
    )
    client.webhook_configs.delete(hook.id)
    assert_raises(llama_cloud.NotFoundError, lambda: client.webhook_configs.retrieve(hook.id))
    print("webhooks: ok")

    assert len(client.projects.list()) == 1
    print("projects: ok")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
