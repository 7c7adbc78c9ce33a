//! Rules: what lint says of them, and what they make of a document. An input is the body of `POST /v1/classify`.

use serde_json::{Value, json};
use sortroom::{
    api,
    budget::Budget,
    classify::{Classifier, Rule, RuleSet, Settings, lint},
    document::{self, ReadOptions},
    limits,
    service::memory::Memory,
};

use super::{
    Check, Target,
    document::{check_decision, twice},
    seeds,
    service::{Service, check_response},
};
use crate::{
    inside,
    verdict::{code, require},
};

pub const RULES: Target = Target {
    name: "rules",
    seeds: || seeds("rules", &[]),
    dictionary: &[
        b"\"label\":",
        b"\"description\":",
        b"\"examples\":",
        b"\"settings\":",
        b"\"language\":",
        b"\"no_match_bias\":",
        b"\"allow_no_match\":",
        b"\"text\":",
        b"invoice",
        b"not an invoice",
        b"except",
        b"no ",
        b"anything else",
        b"other",
        b"Rechnung",
        b"facture",
        b"payment of an invoice",
        b"a",
        b" ",
        b"\\u0000",
        b"\\n",
        b"de",
        b"en",
        b"xx",
        b"-8",
        b"8",
        b"1e308",
        b"null",
        b"[]",
        b",",
        b"\xf0\x9f\x93\xae",
    ],
    inside: Some(inside::json::edit),
    check: || check(),
};

/// A document that every input is tried on, besides its own text.
const TEXT: &str = "# Invoice 4711\n\nPlease pay the amount due of 12.50 EUR by 1 June. The car was damaged.";

fn check() -> Check {
    let service = Service::new(&api::router::<Memory>());
    Box::new(move |bytes| {
        let Ok(input) = serde_json::from_slice::<Value>(bytes) else { return Ok("no JSON") };
        let classified = service.send("POST", "/v1/classify", &[], bytes.to_vec()).expect("a request");
        check_response("/v1/classify", &classified)?;
        let linted = service.send("POST", "/v1/lint", &[], json!({ "rules": input["rules"] }).to_string().into());
        let linted = linted.expect("a request");
        check_response("/v1/lint", &linted)?;

        // Also those that no caller could give.
        let Ok(rules) = serde_json::from_value::<Vec<Rule>>(input["rules"].clone()) else { return Ok("no rules") };
        if rules.len() > limits::MAX_RULES {
            return Ok("too many rules");
        }
        let rules = RuleSet { rules };
        let settings = serde_json::from_value::<Settings>(input["settings"].clone()).unwrap_or_default();
        match twice(|budget| lint::lint_result(&rules, budget))? {
            Ok(findings) => {
                let labels = |label: &String| rules.rules.iter().any(|rule| rule.label == *label);
                let is_known = findings.findings.iter().all(|finding| finding.rules.iter().all(labels));
                require!(is_known, "a finding is about no rule: {findings:?}");
                if linted.status == 200 {
                    let expected = json!(findings);
                    require!(linted.json() == expected, "linted as {}, here as {expected}", linted.json());
                }
            }
            Err(error) => return code(&error),
        }
        let text = input["text"].as_str().unwrap_or_default();
        for text in [text, TEXT] {
            let Ok(document) = document::read(text.as_bytes(), &ReadOptions::default(), &Budget::request()) else {
                continue;
            };
            let decided = twice(|budget| Classifier::new(&rules, &settings, budget)?.decide(&document, budget))?;
            match decided {
                Ok(decision) => {
                    check_decision(&decision, &document)?;
                    require!(decision.scores.len() == rules.rules.len(), "{} scores", decision.scores.len());
                    let is_answer = settings.allow_no_match || rules.rules.is_empty() || decision.label.is_some();
                    require!(is_answer, "no label, although there must be one");
                }
                Err(error) => return code(&error),
            }
        }
        Ok(if classified.status == 200 { "classified" } else { "refused" })
    })
}
