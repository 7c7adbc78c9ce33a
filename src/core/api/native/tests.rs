use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::{
    api::tests::{json, memory_ports, request, send, token},
    limits,
    service::memory::Memory,
};

const FILE: &str = include_str!("../../../../tests/apply/sortroom.json");
const DEMO: &str = include_str!("../../../../.scripts/demo_project.json");

struct TestApi {
    ports: Memory,
    token: String,
}

impl TestApi {
    fn new() -> Self {
        let ports = memory_ports();
        let token = token(&ports);
        Self { ports, token }
    }

    fn send(&self, method: &str, uri: &str, body: &Value) -> (u16, Value) {
        // No two requests share a millisecond, so that the order of listings is defined.
        self.ports.advance(std::time::Duration::from_millis(1));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        json(&self.ports, request(method, uri, &self.token, body))
    }

    fn get(&self, uri: &str) -> (u16, Value) {
        self.send("GET", uri, &Value::Null)
    }

    fn create(&self, uri: &str, body: &Value) -> Value {
        let (status, created) = self.send("POST", uri, body);
        assert_eq!(status, 201, "{created}");
        created
    }

    fn delete(&self, uri: &str) -> u16 {
        send(&self.ports, request("DELETE", uri, &self.token, "")).0.status().as_u16()
    }

    fn rejected_pointers(&self, method: &str, uri: &str, body: &Value) -> Vec<String> {
        let (status, answer) = self.send(method, uri, body);
        assert_eq!(status, 422, "{answer}");
        let fields = answer["error"]["fields"].as_array().unwrap();
        fields.iter().map(|field| field["pointer"].as_str().unwrap().to_owned()).collect()
    }

    fn form(&self, uri: &str, parts: &[(&str, Option<&str>, &str)]) -> (u16, Value) {
        let mut body = String::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            body += &format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n");
        }
        let mut request: Request<Body> = request("POST", uri, &self.token, body + "--B--\r\n");
        request.headers_mut().insert("content-type", "multipart/form-data; boundary=B".parse().unwrap());
        json(&self.ports, request)
    }
}

fn rules(labels: &[&str]) -> Value {
    labels.iter().map(|label| json!({ "label": label, "description": format!("{label}s of all kinds") })).collect()
}

fn schema(name: &str) -> Value {
    json!({ "name": name, "fields": [{ "name": "total", "kind": "money" }] })
}

#[test]
fn classifier_lifecycle() {
    let api = TestApi::new();
    let invoices = api.create("/v1/schemas", &schema("invoices"));
    let routes = json!([{ "label": "invoice", "deployment": "Accounting", "schema_id": invoices["id"] }]);
    let created = api.create(
        "/v1/classifiers",
        &json!({ "name": "post", "rules": rules(&["invoice", "claim"]), "routes": routes,
            "settings": { "language": "de" } }),
    );
    assert_eq!(created["routes"], routes);
    assert_eq!(created["settings"], json!({ "language": "de", "no_match_bias": 0.0 }));
    assert_eq!(created["draft"], false);
    let path = format!("/v1/classifiers/{}", created["id"].as_str().unwrap());
    assert_eq!(api.get(&path), (200, created.clone()));

    // Absent members stay, and without a change there is no new version.
    for same in [json!({ "name": "post" }), created.clone()] {
        assert_eq!(api.send("PUT", &path, &same), (200, created.clone()));
    }
    let (_, changed) = api.send("PUT", &path, &json!({ "rules": rules(&["invoice"]), "draft": true }));
    assert_eq!(
        (&changed["draft"], &changed["routes"], &changed["settings"]),
        (&true.into(), &routes, &created["settings"])
    );
    assert_eq!(api.get(&path), (200, created.clone()), "a draft is not used");
    assert_eq!(api.get(&format!("{path}?draft=true")), (200, changed));
    let (_, published) = api.send("POST", &format!("{path}/publish"), &Value::Null);
    assert_eq!(api.get(&path), (200, published));

    // Removing a rule removes its route.
    let (_, last) = api.send("PUT", &path, &json!({ "rules": rules(&["claim"]) }));
    assert_eq!(last["routes"], json!([]));
    let (_, versions) = api.get(&format!("{path}/versions?page_size=3"));
    let drafts: Vec<_> = versions["items"].as_array().unwrap().iter().map(|item| item["draft"].clone()).collect();
    assert_eq!(drafts, [false, false, true]);
    let next = format!("{path}/versions?page_token={}", versions["next_page_token"].as_str().unwrap());
    assert_eq!(api.get(&next), (200, json!({ "items": [created], "next_page_token": null })));
    assert_eq!(api.delete(&path), 204);
    assert_eq!(api.delete(&path), 404);
    assert_eq!(api.get(&path).1["error"]["message"], "Classifier not found");
}

#[test]
fn classifiers_are_listed_with_and_without_drafts() {
    let api = TestApi::new();
    for (name, draft) in [("a", false), ("b", true), ("c", false)] {
        api.create("/v1/classifiers", &json!({ "name": name, "rules": rules(&["x"]), "draft": draft }));
    }
    let names = |uri: &str| {
        let (status, page) = api.get(uri);
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().clone();
        let names: String = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
        (names, page["next_page_token"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(names("/v1/classifiers").0, "ca");
    assert_eq!(names("/v1/classifiers?draft=true").0, "cba");
    assert_eq!(names("/v1/classifiers?name=a").0, "a");
    let (first, next) = names("/v1/classifiers?draft=true&page_size=2");
    assert_eq!(first, "cb");
    assert_eq!(names(&format!("/v1/classifiers?draft=true&page_token={next}")).0, "a");
    assert_eq!(api.get(&format!("/v1/classifiers?page_token={next}")).0, 422, "a place in another listing");
    for name in ["b", "a"] {
        api.create("/v1/schemas", &schema(name));
    }
    let (first, next) = names("/v1/schemas?page_size=1");
    let (second, none) = names(&format!("/v1/schemas?page_size=1&page_token={next}"));
    assert_eq!((first.as_str(), second.as_str(), none.as_str()), ("a", "b", ""));
}

#[test]
fn reports_every_error_in_a_classifier() {
    let api = TestApi::new();
    let body = json!({
        "name": "", "rule": [], "settings": { "language": "german", "no_match_bias": 11 },
        "rules": [{ "label": "a", "description": "short" }, { "label": "a", "description": "long enough" }, 1],
        "routes": [{ "label": "b", "deployment": "", "schema_id": "x" }],
    });
    assert_eq!(
        api.rejected_pointers("POST", "/v1/classifiers", &body),
        [
            "/rule",
            "/name",
            "/rules/0/description",
            "/rules/1/label",
            "/rules/2",
            "/settings/language",
            "/settings/no_match_bias",
            "/routes/0/deployment",
            "/routes/0/schema_id",
        ]
    );
    assert_eq!(api.rejected_pointers("POST", "/v1/classifiers", &json!({})), ["/name", "/rules"]);
    let created = api.create("/v1/classifiers", &json!({ "name": "post", "rules": rules(&["a"]) }));
    let path = format!("/v1/classifiers/{}", created["id"].as_str().unwrap());
    let bad_route = json!([{ "label": "b", "deployment": "D", "schema_id": created["id"] }]);
    let faults = ["/routes/0/label", "/routes/0/schema_id"];
    assert_eq!(api.rejected_pointers("PUT", &path, &json!({ "routes": bad_route })), faults);
    api.create("/v1/classifiers", &json!({ "name": "other", "rules": rules(&["a"]) }));
    let (status, taken) = api.send("PUT", &path, &json!({ "name": "other" }));
    assert_eq!((status, &taken["error"]["code"]), (409, &"CONFLICT".into()));
}

#[test]
fn schema_lifecycle() {
    let api = TestApi::new();
    assert_eq!(api.rejected_pointers("POST", "/v1/schemas", &json!({ "name": "x", "fields": [] })), ["/fields"]);
    let faulty = json!({ "name": "x", "fields": [{ "name": "a", "kind": "sum" }, { "kin": "id" }] });
    assert_eq!(
        api.rejected_pointers("POST", "/v1/schemas", &faulty),
        ["/fields/0/kind", "/fields/1/kin", "/fields/1/name"]
    );
    // Errors that `Schema` itself finds also have pointers.
    let duplicate =
        json!({ "name": "x", "fields": [{ "name": "a" }, { "name": "a" }, { "name": "b", "kind": "label" }] });
    assert_eq!(api.rejected_pointers("POST", "/v1/schemas", &duplicate), ["/fields/1/name", "/fields/2/options"]);
    let inline =
        json!({ "text": "x", "schema": duplicate["fields"].as_array().map(|fields| json!({ "fields": fields })) });
    let faults = ["/schema/fields/1/name", "/schema/fields/2/options"];
    assert_eq!(api.rejected_pointers("POST", "/v1/extract", &inline), faults);
    let file = json!({ "schemas": { "x": inline["schema"] } });
    let faults = ["/schemas/x/fields/1/name", "/schemas/x/fields/2/options"];
    assert_eq!(api.rejected_pointers("POST", "/v1/apply", &file), faults);

    let created = api.create("/v1/schemas", &schema("invoices"));
    let id = created["id"].as_str().unwrap();
    let path = format!("/v1/schemas/{id}");
    assert_eq!(api.get(&path), (200, created.clone()));
    assert_eq!(api.get(&format!("/v1/schemas/schema_{}", crate::api::cuid::encode(&id))), (200, created.clone()));
    assert_eq!(api.send("PUT", &path, &created).1["fields"], created["fields"]);
    let (_, renamed) = api.send("PUT", &path, &json!({ "name": "bills" }));
    assert_eq!((&renamed["name"], &renamed["fields"]), (&"bills".into(), &created["fields"]));
    let routes = json!([{ "label": "a", "deployment": "D", "schema_id": id }]);
    let user = api.create("/v1/classifiers", &json!({ "name": "post", "rules": rules(&["a"]), "routes": routes }));
    assert_eq!(api.delete(&path), 409);
    assert_eq!(api.delete(&format!("/v1/classifiers/{}", user["id"].as_str().unwrap())), 204);
    assert_eq!(api.delete(&path), 204);
    assert_eq!(api.get(&path).0, 404);
}

#[test]
fn patching_a_project_changes_only_named_members() {
    let api = TestApi::new();
    let (_, before) = api.get("/v1/project");
    assert_eq!(before["retention_days"], limits::RETENTION_DAYS);
    let (status, after) = api.send("PATCH", "/v1/project", &json!({ "retention_days": 3660 }));
    assert_eq!((status, &after["name"], &after["retention_days"]), (200, &before["name"], &3660.into()));
    for days in [0, 3661] {
        let faulty = json!({ "retention_days": days });
        assert_eq!(api.rejected_pointers("PATCH", "/v1/project", &faulty), ["/retention_days"]);
    }
    let uri = format!("/v1/projects/{}", before["id"].as_str().unwrap());
    assert_eq!(json(&api.ports, request("GET", &uri, "operator", "")), (200, after));
    assert_eq!(api.get(&uri).0, 401, "not for tokens");
}

#[test]
fn classifies_texts_mails_and_forms() {
    let api = TestApi::new();
    let rules = json!([
        { "label": "invoice", "description": "asks for the payment of an invoice" },
        { "label": "claim", "description": "reports damage to a car and asks for compensation" },
    ]);
    let text = "Please compensate the damage to my car.";
    let (status, answer) = api.send("POST", "/v1/classify", &json!({ "text": text, "rules": rules }));
    assert_eq!((status, &answer["label"]), (200, &"claim".into()), "{answer}");
    for member in ["confidence", "reasoning", "scores", "evidence", "engine_version", "attachments"] {
        assert!(!answer[member].is_null(), "{member}");
    }
    let saved = api.create("/v1/classifiers", &json!({ "name": "c", "rules": rules, "draft": true }));
    let mail = json!({ "mail": { "subject": "My car", "body": text }, "classifier_id": saved["id"] });
    assert_eq!(api.send("POST", "/v1/classify", &mail).0, 404, "a draft is not used");
    assert_eq!(api.send("POST", "/v1/classify?draft=true", &mail).1["label"], "claim");
    let (status, of_form) =
        api.form("/v1/classify", &[("rules", None, &rules.to_string()), ("file", Some("a.txt"), text)]);
    assert_eq!((status, &of_form["label"]), (200, &"claim".into()));
    let id = saved["id"].as_str().unwrap();
    let (_, of_saved) =
        api.form("/v1/classify?draft=true", &[("file", Some("a.txt"), text), ("classifier_id", None, id)]);
    assert_eq!(of_saved, of_form);
    assert_eq!(api.ports.stored_files() + api.ports.stored_jobs().len(), 0, "nothing is kept");
}

#[test]
fn classifies_attachments_of_mails() {
    let api = TestApi::new();
    let part = |name: &str, text: &str| {
        format!(
            "--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{text}\r\n"
        )
    };
    let mail_head = "From: a@b.example\r\nTo: c@d.example\r\nSubject: My car\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
        Please compensate the damage.\r\n";
    let mail = |parts: &[String]| format!("{mail_head}{}--x--\r\n", parts.concat());
    let rules = json!([
        { "label": "invoice", "description": "asks for the payment of an invoice" },
        { "label": "claim", "description": "reports damage to a car and asks for compensation" },
    ]);
    let classify = |mail: &str| {
        let (status, answer) =
            api.form("/v1/classify", &[("file", Some("a.eml"), mail), ("rules", None, &rules.to_string())]);
        assert_eq!((status, &answer["label"]), (200, &"claim".into()), "{answer}");
        answer["attachments"].as_array().unwrap().clone()
    };
    let parts = [part("bill.txt", "Invoice 7: payment is due within ten days."), part("empty.txt", "")];
    let found = classify(&mail(&parts));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["name"], &found[0]["decision"]["label"]), (&"bill.txt".into(), &"invoice".into()));
    assert_eq!((&found[1]["name"], &found[1]["decision"]), (&"empty.txt".into(), &Value::Null));
    assert_eq!(found[1]["error"]["code"], "NO_TEXT");

    let bill_part = |number| part(&format!("{number}.txt"), "Invoice: payment is due.");
    let max = limits::MAX_CLASSIFIED_ATTACHMENTS;
    let attachments: Vec<_> = (0..=max).map(bill_part).collect();
    let found = classify(&mail(&attachments));
    assert!(found[max - 1]["decision"].is_object());
    assert_eq!(found[max]["error"]["code"], "DOCUMENT_TOO_LARGE", "named, and not read");
    let too_many: Vec<_> = (0..=limits::MAX_ATTACHMENTS).map(bill_part).collect();
    let found = classify(&mail(&too_many));
    assert_eq!((found.len(), &found[0]["name"]), (1, &Value::Null));
    assert!(found[0]["error"]["message"].is_string());
}

fn claims() -> Value {
    json!([
        { "label": "invoice", "description": "asks for the payment of an invoice" },
        { "label": "claim", "description": "reports damage to a car and asks for compensation" },
    ])
}

#[test]
fn rules_are_evaluated_on_labelled_texts() {
    let api = TestApi::new();
    let cases = json!([
        { "text": "Please compensate the damage to my car.", "label": "claim" },
        { "text": "The invoice is due for payment.", "label": "invoice" },
        { "text": "Slow runs the river, and the willows sleep.", "label": null },
    ]);
    let (status, answer) = api.send("POST", "/v1/evaluate", &json!({ "rules": claims(), "cases": cases }));
    assert_eq!((status, &answer["accuracy"], &answer["comparison"]), (200, &1.0.into(), &Value::Null), "{answer}");
    assert_eq!(answer["confusion"], json!([[1, 0, 0], [0, 1, 0], [0, 0, 1]]));
    assert_eq!(answer["answers"].as_array().unwrap().len(), 3);

    // The answer for a text equals that of classifying it.
    let text = &cases[0]["text"];
    let (_, decision) = api.send("POST", "/v1/classify", &json!({ "text": text, "rules": claims() }));
    for member in ["label", "confidence", "no_match"] {
        assert_eq!(answer["answers"][0][member], decision[member]);
    }

    let without_no_match = json!({ "rules": claims(), "cases": cases, "settings": { "allow_no_match": false } });
    assert_eq!(api.send("POST", "/v1/evaluate", &without_no_match).1["accuracy"], 0.666667);
}

#[test]
fn a_draft_is_compared_with_the_published_version() {
    let api = TestApi::new();
    let cases = json!([
        { "text": "Please compensate the damage to my car.", "label": "claim" },
        { "text": "I wish to cancel my subscription.", "label": "farewell" },
    ]);
    let saved = api.create("/v1/classifiers", &json!({ "name": "c", "rules": claims(), "draft": true }));
    let evaluate = || api.send("POST", "/v1/evaluate", &json!({ "classifier_id": saved["id"], "cases": cases })).1;
    assert_eq!(evaluate()["error"]["fields"][0]["pointer"], "/cases/1/label", "the draft has no such rule yet");
    let path = format!("/v1/classifiers/{}", saved["id"].as_str().unwrap());
    let mut rules = claims();
    rules
        .as_array_mut()
        .unwrap()
        .push(json!({ "label": "farewell", "description": "wishes to cancel a subscription" }));
    api.send("PUT", &path, &json!({ "rules": rules, "draft": true }));
    assert_eq!(evaluate()["comparison"], Value::Null, "nothing is published");
    api.send("PUT", &path, &json!({ "rules": claims() }));
    api.send("PUT", &path, &json!({ "rules": rules, "draft": true }));
    let fixed = json!({ "case": 1, "label": "farewell", "published": null, "draft": "farewell" });
    assert_eq!(evaluate()["comparison"], json!({ "fixes": [fixed], "breaks": [] }));
    api.send("POST", &format!("{path}/publish"), &Value::Null);
    assert_eq!((&evaluate()["comparison"], &evaluate()["accuracy"]), (&Value::Null, &1.0.into()));
}

#[test]
fn reports_every_error_in_an_evaluation() {
    let api = TestApi::new();
    let refused = |body: &Value| api.rejected_pointers("POST", "/v1/evaluate", body);
    assert_eq!(refused(&json!({})), ["/rules", "/cases"]);
    assert_eq!(refused(&json!({ "rules": claims(), "cases": [] })), ["/cases"]);
    let faulty = json!([{ "text": "" }, { "label": "claim" }, null, { "text": "a", "label": 1, "split": "test" }]);
    assert_eq!(
        refused(&json!({ "rules": claims(), "cases": faulty })),
        ["/cases/0/text", "/cases/1/text", "/cases/2", "/cases/3/split", "/cases/3/label"]
    );
    let empty_text = json!([{ "text": "a" }, { "text": " " }]);
    assert_eq!(refused(&json!({ "rules": claims(), "cases": empty_text })), ["/cases/1/text"]);
    let unknown_label = json!([{ "text": "a", "label": "Claim" }]);
    assert_eq!(refused(&json!({ "rules": claims(), "cases": unknown_label })), ["/cases/0/label"]);
    let too_many: Vec<_> = (0..=limits::MAX_CASES).map(|_| json!({ "text": "a" })).collect();
    assert_eq!(refused(&json!({ "rules": claims(), "cases": too_many })), ["/cases"]);
    let unknown = json!({ "classifier_id": "00000000-0000-4000-8000-000000000000", "cases": [{ "text": "a" }] });
    assert_eq!(api.send("POST", "/v1/evaluate", &unknown).0, 404);
}

#[test]
fn rules_are_linted() {
    let api = TestApi::new();
    let lint = |body: &Value| {
        let (status, answer) = api.send("POST", "/v1/lint", body);
        assert_eq!(status, 200, "{answer}");
        answer["findings"].as_array().unwrap().clone()
    };
    assert_eq!(lint(&json!({ "rules": claims() })), Vec::<Value>::new());
    let mut rules = claims();
    rules.as_array_mut().unwrap().push(json!({ "label": "other", "description": "any other document" }));
    let [finding] = lint(&json!({ "rules": rules })).try_into().unwrap();
    assert_eq!((&finding["kind"], &finding["rules"]), (&"too_generic".into(), &json!(["other"])));
    let saved = api.create("/v1/classifiers", &json!({ "name": "c", "rules": rules, "draft": true }));
    assert_eq!(lint(&json!({ "classifier_id": saved["id"] })), [finding], "drafts above all");
    assert_eq!(api.rejected_pointers("POST", "/v1/lint", &json!({ "rule": [] })), ["/rule", "/rules"]);
}

#[test]
fn reports_every_error_in_a_correction() {
    let api = TestApi::new();
    let unknown = "/v1/jobs/00000000-0000-4000-8000-000000000000/correction";
    for body in [json!({}), json!({ "label": null }), json!({ "label": 1 }), json!({ "label": "" })] {
        assert_eq!(api.rejected_pointers("PUT", unknown, &body), ["/label"]);
    }
    let (status, answer) = api.send("PUT", unknown, &json!({ "label": "claim" }));
    assert_eq!((status, &answer["error"]["message"]), (404, &"Job not found".into()));
    assert_eq!(api.send("PUT", "/v1/jobs/none/correction", &json!({ "label": "claim" })).0, 404);
}

#[test]
fn reports_every_error_in_stateless_requests() {
    let api = TestApi::new();
    assert_eq!(api.rejected_pointers("POST", "/v1/classify", &json!({})), ["/text", "/rules"]);
    let both = json!({ "text": "a", "mail": { "body": "b" }, "rules": rules(&["x"]), "classifier_id": "y" });
    assert_eq!(api.rejected_pointers("POST", "/v1/classify", &both), ["/mail", "/classifier_id", "/classifier_id"]);
    let mail = json!({ "mail": { "text": "b" }, "rules": rules(&["x"]) });
    assert_eq!(api.rejected_pointers("POST", "/v1/classify", &mail), ["/mail/text", "/mail/body"]);
    let (status, broken) = api.form("/v1/classify", &[("rules", None, "[{"), ("file", Some("a.txt"), "x")]);
    assert_eq!((status, &broken["error"]["fields"][0]["pointer"]), (422, &"/rules".into()));
    let (status, missing) = api.form("/v1/classify", &[("rules", None, "[]")]);
    assert_eq!((status, &missing["error"]["code"]), (400, &"INVALID".into()));
    let blank = json!({ "text": "  ", "rules": rules(&["x"]) });
    assert_eq!(api.send("POST", "/v1/classify", &blank).1["error"]["code"], "NO_TEXT");
    let large = "x".repeat(usize::try_from(limits::MAX_BUFFERED_BYTES).unwrap() + 1);
    let (status, answer) = api.form("/v1/classify", &[("file", Some("a.txt"), &large)]);
    assert_eq!((status, &answer["error"]["code"]), (413, &"TOO_LARGE".into()));
    assert_eq!(api.rejected_pointers("POST", "/v1/extract", &json!({ "text": "x", "schema": {} })), ["/schema/fields"]);
    assert_eq!(api.rejected_pointers("POST", "/v1/extract", &json!({ "text": "x" })), ["/schema"]);
}

#[test]
fn extracts_texts_and_forms() {
    let api = TestApi::new();
    let text = "Invoice\n\nTotal: 12.50 EUR";
    let mut inline = schema("x");
    inline.as_object_mut().unwrap().remove("name");
    let (status, answer) = api.send("POST", "/v1/extract", &json!({ "text": text, "schema": inline }));
    assert_eq!((status, &answer["values"][0]["field"]), (200, &"total".into()), "{answer}");
    assert_eq!(answer["values"][0]["value"], "12.50");
    assert!(answer["tables"].is_array() && answer["engine_version"].is_string());
    let saved = api.create("/v1/schemas", &schema("x"));
    let by_id = json!({ "text": text, "schema_id": saved["id"] });
    assert_eq!(api.send("POST", "/v1/extract", &by_id), (200, answer.clone()));
    let id = saved["id"].as_str().unwrap();
    let form = [("file", Some("a.txt"), text), ("schema_id", None, id)];
    assert_eq!(api.form("/v1/extract", &form), (200, answer));
    let unknown = json!({ "text": text, "schema_id": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(api.send("POST", "/v1/extract", &unknown).0, 404);
}

fn steps(answer: &Value) -> Vec<String> {
    let step = |change: &Value| {
        let [kind, name, action] = ["kind", "name", "action"].map(|member| change[member].as_str().unwrap());
        let fields: Vec<_> = change["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        format!("{action} {kind} {name} {}", fields.join(" ")).trim_end().to_owned()
    };
    answer["changes"].as_array().unwrap().iter().map(step).collect()
}

#[test]
fn applying_a_file_again_changes_nothing() {
    let api = TestApi::new();
    let mut file: Value = serde_json::from_str(FILE).unwrap();
    let new = ["create schema invoices", "create classifier mail-room", "update project p retention_days"];
    let (status, plan) = api.send("POST", "/v1/apply?dry_run=true", &file);
    assert_eq!((status, steps(&plan), &plan["applied"]), (200, new.map(str::to_owned).into(), &false.into()));
    assert_eq!(api.get("/v1/classifiers?draft=true").1["items"], json!([]), "nothing was changed");
    let (_, done) = api.send("POST", "/v1/apply", &file);
    assert_eq!((steps(&done), &done["applied"]), (new.map(str::to_owned).into(), &true.into()));
    let (_, classifiers) = api.get("/v1/classifiers");
    let (_, schemas) = api.get("/v1/schemas");
    assert_eq!(classifiers["items"][0]["routes"][0]["schema_id"], schemas["items"][0]["id"]);
    assert_eq!(api.get("/v1/project").1["retention_days"], 90);

    let same = ["unchanged schema invoices", "unchanged classifier mail-room", "unchanged project p"];
    assert_eq!(steps(&api.send("POST", "/v1/apply", &file).1), same);
    assert_eq!(api.get("/v1/classifiers").1, classifiers, "no new version");

    file["classifiers"]["mail-room"]["rules"][2]["description"] = "Leases, and nothing else".into();
    file["classifiers"]["mail-room"]["settings"]["language"] = Value::Null;
    file["schemas"]["invoices"]["fields"][1]["kind"] = "text".into();
    file["schemas"]["invoices"]["tables"] = json!([]);
    file.as_object_mut().unwrap().remove("project");
    let changed = [
        "update schema invoices fields[1].kind tables[0]",
        "update classifier mail-room rules[2].description settings.language",
    ];
    assert_eq!(steps(&api.send("POST", "/v1/apply", &file).1), changed);
    assert_eq!(api.get("/v1/classifiers").1["items"][0]["rules"][2]["description"], "Leases, and nothing else");
}

#[test]
fn the_demo_file_can_be_applied() {
    let api = TestApi::new();
    let demo: Value = serde_json::from_str(DEMO).unwrap();
    let (status, answer) = api.send("POST", "/v1/apply", &demo);
    assert_eq!(status, 200, "{answer}");
    let again = steps(&api.send("POST", "/v1/apply", &demo).1);
    assert!(again.iter().all(|step| step.starts_with("unchanged ")), "{again:?}");
}

#[test]
fn applying_leaves_alone_what_the_file_does_not_name() {
    let api = TestApi::new();
    api.send("POST", "/v1/apply", &serde_json::from_str(FILE).unwrap());
    let unnamed = api.create("/v1/schemas", &schema("kept"));
    let rules = json!({ "rules": rules(&["invoice", "claim"]) });
    // A classifier of rules alone keeps its settings, and the routes whose labels are still there.
    let file = json!({ "classifiers": { "mail-room": rules, "new": rules } });
    let (_, done) = api.send("POST", "/v1/apply", &file);
    assert!(steps(&done)[0].starts_with("update classifier mail-room rules[0].description"), "{done}");
    let (_, page) = api.get("/v1/classifiers?name=mail-room");
    assert_eq!(page["items"][0]["settings"], json!({ "language": "en", "no_match_bias": 0.5 }));
    assert_eq!(page["items"][0]["routes"][0]["deployment"], "Accounting");
    assert_eq!(api.get(&format!("/v1/schemas/{}", unnamed["id"].as_str().unwrap())), (200, unnamed));
    // Applying a file publishes.
    let path = format!("/v1/classifiers/{}", page["items"][0]["id"].as_str().unwrap());
    api.send("PUT", &path, &json!({ "draft": true }));
    let steps = steps(&api.send("POST", "/v1/apply", &file).1);
    assert_eq!(steps, ["update classifier mail-room draft", "unchanged classifier new"]);
}

#[test]
fn a_faulty_file_changes_nothing() {
    let api = TestApi::new();
    let file = json!({
        "clasifiers": {},
        "project": { "retention_days": 0 },
        "schemas": { "fine": { "fields": [{ "name": "a" }] }, "empty": {}, "": { "fields": [{ "name": "a" }] } },
        "classifiers": {
            "a": { "rules": rules(&["x"]), "routes": [
                { "label": "x", "deployment": "D", "schema": "fine" },
                { "label": "y", "deployment": "D", "schema": "nowhere" },
            ] },
            "b/c": { "rule": [] },
        },
    });
    let faults = [
        "/clasifiers",
        "/schemas/",
        "/schemas/empty/fields",
        "/classifiers/b~1c/rule",
        "/classifiers/b~1c/rules",
        "/project/retention_days",
        // These two need the schemas of the project.
        "/classifiers/a/routes/1/label",
        "/classifiers/a/routes/1/schema",
    ];
    assert_eq!(api.rejected_pointers("POST", "/v1/apply", &file), faults);
    assert_eq!(api.get("/v1/schemas").1["items"], json!([]));
}
