//! How good the answers are: `cargo run --release -p sortroom --example quality -- DIR [--instances]`.
//!
//! DIR holds tasks: `NAME.rules.json`, a list of `{type, description}`, and `NAME.jsonl`, lines of `{text, label, split}`
//! with a null label where no rule fits. Only lines of the split `test` are measured. `--instances` instead writes the
//! training instances that `tests/quality/fit.py` fits the engine's constants on, from the lines of every split.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use serde::Deserialize;
use serde_json::json;
use sortroom::classify::{Classifier, Rule, RuleSet, Settings};
use sortroom::document::{Document, Format, Page, Passage, Role, Span};

#[derive(Deserialize)]
struct RuleLine {
    r#type: String,
    description: String,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    label: Option<String>,
    split: String,
}

struct Task {
    name: String,
    rules: RuleSet,
    lines: Vec<Line>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("usage: quality DIR [--instances]")?;
    let tasks = read(Path::new(&folder))?;
    let report = match arguments.next().as_deref() {
        Some("--instances") => instances(&tasks),
        _ => measure(&tasks),
    };
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jsonl"))
        else {
            continue;
        };
        let rules: Vec<RuleLine> =
            serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.rules.json")))?)?;
        let rules = rules.into_iter().map(|rule| Rule::new(rule.r#type, rule.description)).collect();
        let lines = fs::read_to_string(&path)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        tasks.push(Task { name: name.to_owned(), rules: RuleSet { rules }, lines });
    }
    tasks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tasks)
}

/// The text as one page, its paragraphs as passages.
fn document(text: &str) -> Document {
    let mut passages = Vec::new();
    let mut start = 0;
    for paragraph in text.split_inclusive("\n\n") {
        let span = Span { start, end: start + paragraph.trim_end().len() };
        if span.start < span.end {
            passages.push(Passage { span, role: Role::Body });
        }
        start += paragraph.len();
    }
    let page = Page { number: 1, text: text.to_owned(), passages, words: Vec::new(), size: None };
    Document { format: Format::Plain, title: None, pages: vec![page], page_count: 1 }
}

fn measure(tasks: &[Task]) -> String {
    let mut report = String::from("task           n    acc  macroF1   nulls  nullF1  accNull   ECE15\n");
    let mut sums = [0.0; 4];
    let mut null_f1s = Vec::new();
    for task in tasks {
        let classifier = Classifier::new(&task.rules, &Settings::default());
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let mut answers: Vec<(bool, bool, bool, f64)> = Vec::new();
        for line in task.lines.iter().filter(|line| line.split == "test") {
            let decision = classifier.decide(&document(&line.text));
            if let Some(label) = &line.label {
                let best = decision.scores.first().map_or("", |score| &score.label);
                let known = task.rules.rules.iter().find(|rule| rule.label == best).map_or("", |rule| &rule.label);
                pairs.push((label, known));
            }
            let correct = decision.label == line.label;
            answers.push((line.label.is_none(), decision.label.is_none(), correct, decision.confidence));
        }
        let accuracy = share(pairs.iter().map(|(truth, best)| truth == best));
        let macro_f1 = macro_f1(&pairs);
        let nulls = answers.iter().filter(|(null, ..)| *null).count();
        let hits = answers.iter().filter(|(null, said, ..)| *null && *said).count() as f64;
        let said = answers.iter().filter(|(_, said, ..)| *said).count();
        let null_f1 = if nulls > 0 { 2.0 * hits / (nulls + said) as f64 } else { f64::NAN };
        let with_null = share(answers.iter().map(|(_, _, correct, _)| *correct));
        let ece = ece(answers.iter().map(|(_, _, correct, confidence)| (*confidence, *correct)));
        report.push_str(&format!(
            "{:12} {:4} {:6.1}  {:7.1}  {:4}/{:3} {:6.1}  {:7.1}  {:6.1}\n",
            task.name,
            answers.len(),
            100.0 * accuracy,
            100.0 * macro_f1,
            said,
            nulls,
            100.0 * null_f1,
            100.0 * with_null,
            100.0 * ece
        ));
        for (sum, value) in sums.iter_mut().zip([accuracy, macro_f1, with_null, ece]) {
            *sum += 100.0 * value / tasks.len() as f64;
        }
        null_f1s.extend((nulls > 0).then_some(100.0 * null_f1));
    }
    let [accuracy, macro_f1, with_null, ece] = sums;
    let null_f1 = null_f1s.iter().sum::<f64>() / null_f1s.len() as f64;
    report.push_str(&format!(
        "{:12}      {accuracy:6.1}  {macro_f1:7.1}           {null_f1:6.1}  {with_null:7.1}  {ece:6.1}\n",
        "mean"
    ));
    report
}

fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (hits, all) = of.fold((0, 0), |(hits, all), hit| (hits + usize::from(hit), all + 1));
    f64::from(u32::try_from(hits).unwrap_or(u32::MAX)) / f64::from(u32::try_from(all).unwrap_or(u32::MAX)).max(1.0)
}

fn macro_f1(pairs: &[(&str, &str)]) -> f64 {
    let mut counts: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for (truth, best) in pairs {
        let [hits, truths, _] = counts.entry(truth).or_default();
        *truths += 1.0;
        *hits += f64::from(u8::from(truth == best));
    }
    for (_, best) in pairs {
        if let Some([_, _, said]) = counts.get_mut(best) {
            *said += 1.0;
        }
    }
    counts.values().map(|[hits, truths, said]| 2.0 * hits / (truths + said)).sum::<f64>() / counts.len() as f64
}

/// Expected calibration error over 15 equal bins of confidence.
fn ece(answers: impl Iterator<Item = (f64, bool)>) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); 15];
    let mut all = 0.0;
    for (confidence, correct) in answers {
        let at = ((confidence * 15.0) as usize).min(14);
        if let Some((count, sum, hits)) = bins.get_mut(at) {
            *count += 1.0;
            *sum += confidence;
            *hits += f64::from(u8::from(correct));
            all += 1.0;
        }
    }
    bins.iter().map(|(_, sum, hits)| f64::abs(sum - hits) / f64::max(all, 1.0)).sum()
}

/// A small generator of numbers (Numerical Recipes' LCG): the instances are the same at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// One JSON line an instance: `{task, from, split, kind, target, words, features}`; `target` is the index of the right rule
/// or -1. Kinds: `own` (all rules), `subset` (a random subset, three in ten without the right rule), `cross` (a text of
/// another task).
fn instances(tasks: &[Task]) -> String {
    let mut numbers = Numbers(1);
    let mut out = String::new();
    for task in tasks {
        let mut emit = |rules: &RuleSet, line: &Line, from: &str, kind: &str| {
            let (features, words) = Classifier::new(rules, &Settings::default()).features(&document(&line.text));
            let label = line.label.as_ref().filter(|_| kind != "cross");
            let target = label.and_then(|label| rules.rules.iter().position(|rule| &rule.label == label));
            let values: Vec<_> = features.iter().map(|features| features.values()).collect();
            let target = target.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1);
            let line = json!({ "task": task.name, "from": from, "split": line.split, "kind": kind, "target": target, "words": words, "features": values });
            out.push_str(&line.to_string());
            out.push('\n');
        };
        for line in &task.lines {
            emit(&task.rules, line, &task.name, "own");
            for _ in 0..3 {
                let size = 1 + numbers.below(task.rules.rules.len());
                let mut rules = task.rules.rules.clone();
                while rules.len() > size {
                    rules.remove(numbers.below(rules.len()));
                }
                let right = task.rules.rules.iter().find(|rule| Some(&rule.label) == line.label.as_ref());
                rules.retain(|rule| Some(&rule.label) != line.label.as_ref());
                if let Some(right) = right
                    && (numbers.below(10) >= 3 || rules.is_empty())
                {
                    let at = numbers.below(rules.len() + 1);
                    rules.insert(at, right.clone());
                }
                emit(&RuleSet { rules }, line, &task.name, "subset");
            }
        }
        let foreign: Vec<(&str, &Line)> = tasks
            .iter()
            .filter(|other| other.name != task.name)
            .flat_map(|other| other.lines.iter().map(|line| (other.name.as_str(), line)))
            .collect();
        for _ in 0..200 {
            if let Some((from, line)) = foreign.get(numbers.below(foreign.len())) {
                emit(&task.rules, line, from, "cross");
            }
        }
    }
    out
}
