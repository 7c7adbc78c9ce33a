use futures_executor::block_on;
use serde_json::{Value, json};

use crate::{
    api::tests::{json as answer, memory_ports, request, send, token},
    service::memory::Memory,
};

const INVOICE: &str = "INVOICE\nInvoice number: KS-2026-0147\nLine items, taxes\nAmount due: 312.00 GBP";
const RECEIPT: &str = "RECEIPT No. 5519\nPaid by card at the till.\nTotal: 38.40 EUR\nThank you for your purchase";
const LETTER: &str = "Dear Anna,\nthank you for your letter. The greeting made us smile.\nWith kind regards, and a \
     salutation from all of us,\nPaul";
const SEALS: &str = "The seals were back on the sandbank this morning, and the sea was calm.";

/// A project with a classifier: two deployments on one schema, and a label without a route.
struct TestApi {
    ports: Memory,
    token: String,
    classifier: String,
}

impl TestApi {
    fn new() -> Self {
        let ports = memory_ports();
        let token = token(&ports);
        let mut api = Self { ports, token, classifier: String::new() };
        let fields = json!([{ "name": "total", "kind": "money", "synonyms": ["amount due"] }]);
        let schema = api.post("/v1/schemas", &json!({ "name": "amounts", "fields": fields }))["id"].clone();
        let rule = |label, description| json!({ "label": label, "description": description });
        let route = |label, deployment| json!({ "label": label, "deployment": deployment, "schema_id": schema });
        let classifier = json!({
            "name": "documents",
            "rules": [
                rule("invoice", "Invoice with an invoice number, line items, taxes and an amount due"),
                rule("receipt", "Receipt of a purchase that was paid at a till, by cash or by card"),
                rule("letter", "A letter from one person to another with a salutation and a greeting"),
            ],
            "routes": [route("invoice", "Accounting"), route("receipt", "Expenses")],
        });
        api.classifier = api.post("/v1/classifiers", &classifier)["id"].as_str().unwrap().to_owned();
        api
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = answer(&self.ports, request("POST", path, &self.token, body.to_string()));
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer
    }

    /// Uploads a file, and classifies it so that it is extracted from in the background. Returns its id, and the id that
    /// the answer has.
    fn classify(&self, text: &'static str) -> (String, Value) {
        let path = format!("/api/v1/classify/{}/get-url?filename=a", self.classifier);
        let (_, announced) = answer(&self.ports, request("GET", &path, &self.token, ""));
        let mut upload = request("PUT", announced["url"].as_str().unwrap(), "", text);
        upload.headers_mut().insert("content-length", text.len().into());
        assert_eq!(send(&self.ports, upload).0.status(), 200);
        let id = announced["fileId"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/classify/{}/async", self.classifier);
        let body = json!({ "fileId": id }).to_string();
        let (_, classified) = answer(&self.ports, request("POST", &path, &self.token, body));
        (id, classified["fileId"].clone())
    }

    /// Polls like the loop in the vendor's documentation, which stops at `COMPLETED` or `FAILED` and ignores the status
    /// code. An error if the file failed, or if the loop goes on after the queue is empty.
    fn poll(&self, id: &str, token: &str) -> Result<Value, String> {
        let path = format!("/api/v1/document/get-file-data?fileId={id}");
        for _ in 0..2 {
            let (_, data) = answer(&self.ports, request("GET", &path, token, ""));
            match data["status"].as_str() {
                Some("COMPLETED") => return Ok(data),
                Some("FAILED") => return Err(data["errorMessage"].as_str().unwrap().to_owned()),
                _ => block_on(self.ports.run_queue()),
            };
        }
        Err(format!("{id} would be polled for ever"))
    }
}

#[test]
fn the_documented_loop_ends_on_every_outcome() {
    let api = TestApi::new();
    let poll = |id: &str| api.poll(id, &api.token);

    let (id, answered) = api.classify(INVOICE);
    assert_eq!(answered, *id);
    let data = poll(&id).unwrap();
    assert_eq!(data["data"]["tables"].as_object().unwrap().len(), 1, "{data}");

    // A label without a route.
    let (id, answered) = api.classify(LETTER);
    assert_eq!(answered, *id);
    let data = poll(&id).unwrap();
    assert_eq!(data["data"], json!({ "tables": {} }));
    assert_eq!((&data["label"], &data["deployment"]["name"]), (&json!("letter"), &json!("letter")));

    // No rule fits. The code asks for the id of the answer, which is null.
    let (id, answered) = api.classify(SEALS);
    assert_eq!(answered, Value::Null);
    assert_eq!(poll("null").unwrap_err(), super::NULL_FILE);
    assert_eq!(poll(&id).unwrap_err(), "UNCLASSIFIED: No rule fits the document");

    // The answer is an error, without an id.
    let (id, answered) = api.classify("%PDF-1.7\nand nothing more");
    assert_eq!(answered, Value::Null);
    assert!(poll(&id).unwrap_err().starts_with("DOCUMENT_DAMAGED: "));
    assert_eq!(poll("undefined").unwrap_err(), super::NO_FILE);

    assert_eq!(poll("file_0000000000000000000000000").unwrap_err(), super::NO_FILE);
    assert_eq!(poll("").unwrap_err(), "fileId: Field required");
    assert_eq!(api.poll(&id, "nonsense").unwrap_err(), "Authentication required");
}

#[test]
fn a_deployment_has_an_id_of_its_own() {
    let api = TestApi::new();
    let deployment = |text| api.poll(&api.classify(text).0, &api.token).unwrap()["deployment"].clone();
    let (accounting, expenses) = (deployment(INVOICE), deployment(RECEIPT));
    assert_eq!((&accounting["name"], &expenses["name"]), (&json!("Accounting"), &json!("Expenses")));
    assert_ne!(accounting["id"], expenses["id"], "they share a schema");
    assert_eq!(deployment(INVOICE), accounting);
}
