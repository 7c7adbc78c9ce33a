//! Measures the quality of the answers: `npm run quality -- DIR [--json FILE]`, `--few` for the effect of the first
//! examples, or `--instances` for the training instances of the weights. `--parameters`, without DIR, prints what the
//! instances begin with.
//!
//! DIR holds tasks: `NAME.rules.json`, a list of `{type, description}`, and `NAME.jsonl`, lines of `{text, label,
//! split}` with a null label if no rule fits. A task has no other data. The lines of the split `test` are measured:
//!
//! | Figure | Lines | |
//! |---|---|---|
//! | `n`, `accuracy`, `macro_f1` | those with a label | the best rule is the answer |
//! | `null_f1`, `null_auroc`, `ece` | those and the task's null lines | "none" is an answer |
//! | `few_shot_accuracy`, `few_shot_ece` | those with a label | the lines of the split `train` are examples, the best rule is the answer |
//!
//! Null lines are those of the split `test`, or else all of the task's; a task without any borrows as many test lines
//! of the other tasks as it has with a label, drawn by a generator with the same seed for every task. All figures are
//! fractions; an undefined one (there is no null line to borrow) is null and not part of the mean.
//!
//! `--few` prints the accuracy without examples, "none" being an answer, and its change in points with an example in
//! one rule, and with one to four in each: means over draws from the split `train`, or from the test lines if that has
//! none; the drawn lines are then not tested. The null lines are the task's own.
//!
//! `--instances` writes the training instances that `src/train/fit.py` fits the engine's weights on, from the lines
//! of every split. The first line has the parameters of the engine: the names and the order of its numbers, its
//! hyperparameters and its weights.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sortroom::budget::Budget;
use sortroom::classify::evaluation::{Case, Evaluation, evaluate};
use sortroom::classify::training::EngineParameters;
use sortroom::classify::{Classifier, Rule, RuleSet, Settings};
use sortroom::document::Document;

const USAGE: &str = "usage: quality DIR [--json FILE | --few | --instances], or quality --parameters";

const BEST_RULE: Settings = Settings { language: None, no_match_bias: 0.0, allow_no_match: false };
const OR_NONE: Settings = Settings { allow_no_match: true, ..BEST_RULE };

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

impl Line {
    fn is_test(&self) -> bool {
        self.split == "test"
    }

    /// The line as a case: with its label in its own task, without one in a task that it is foreign to.
    fn case(&self, label: Option<&String>) -> Case {
        Case { document: Document::plain(&self.text), label: label.cloned() }
    }
}

struct Task {
    name: String,
    rules: RuleSet,
    lines: Vec<Line>,
}

/// The figures of a task.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    n: usize,
    accuracy: Option<f64>,
    macro_f1: Option<f64>,
    null_f1: Option<f64>,
    null_auroc: Option<f64>,
    ece: Option<f64>,
    few_shot_accuracy: Option<f64>,
    few_shot_ece: Option<f64>,
}

impl Figures {
    /// The fractions by their headings.
    fn fractions(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("accuracy", self.accuracy),
            ("macro F1", self.macro_f1),
            ("null F1", self.null_f1),
            ("null AUROC", self.null_auroc),
            ("ECE", self.ece),
            ("few-shot", self.few_shot_accuracy),
            ("few-shot ECE", self.few_shot_ece),
        ]
    }
}

#[derive(Debug, Serialize)]
struct Report {
    tasks: BTreeMap<String, Figures>,
    mean: Figures,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let (mut folder, mut json, mut wants_few, mut wants_instances) = (None, None, false, false);
    let mut wants_parameters = false;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = Some(arguments.next().ok_or(USAGE)?),
            "--few" => wants_few = true,
            "--instances" => wants_instances = true,
            "--parameters" => wants_parameters = true,
            _ if folder.is_none() && !argument.starts_with('-') => folder = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let tasks = || read(Path::new(&folder.ok_or(USAGE)?));
    let output = if wants_parameters {
        parameters()?
    } else if wants_instances {
        parameters()? + &instances(&tasks()?)?
    } else if wants_few {
        few(&tasks()?)?
    } else {
        let report = measure(&tasks()?)?;
        if let Some(file) = json {
            fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
        }
        table(&report)
    };
    std::io::Write::write_all(&mut std::io::stdout(), output.as_bytes())?;
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Task>, Failure> {
    let text = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut tasks = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jsonl"))
        else {
            continue;
        };
        let rules: Vec<RuleLine> = serde_json::from_str(&text(&folder.join(format!("{name}.rules.json")))?)
            .map_err(|error| format!("{name}.rules.json: {error}"))?;
        let rules = rules.into_iter().map(|rule| Rule::new(rule.r#type, rule.description)).collect();
        let lines = text(&path)?;
        let lines = (1..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty());
        let line =
            |(number, line)| serde_json::from_str(line).map_err(|error| format!("{name}.jsonl:{number}: {error}"));
        let lines = lines.map(line).collect::<Result<_, _>>()?;
        tasks.push(Task { name: name.to_owned(), rules: RuleSet { rules }, lines });
    }
    if tasks.is_empty() {
        return Err(format!("{}: no NAME.jsonl with a NAME.rules.json in it", folder.display()).into());
    }
    tasks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tasks)
}

fn measure(tasks: &[Task]) -> Result<Report, Failure> {
    let figures: Vec<Figures> = tasks.iter().map(|task| measured(task, tasks)).collect::<Result<_, _>>()?;
    Ok(Report { mean: mean(&figures), tasks: tasks.iter().map(|task| task.name.clone()).zip(figures).collect() })
}

fn measured(task: &Task, tasks: &[Task]) -> Result<Figures, Failure> {
    let labelled = task.lines.iter().filter(|line| line.is_test() && line.label.is_some());
    let labelled: Vec<Case> = labelled.map(|line| line.case(line.label.as_ref())).collect();
    let mut with_nulls = labelled.clone();
    with_nulls.extend(nulls(task, tasks, labelled.len()).into_iter().map(|line| line.case(None)));
    let evaluated = |rules: &RuleSet, settings: &Settings, cases: &[Case]| -> Result<Evaluation, Failure> {
        evaluate(rules, settings, cases, &Budget::unlimited())
            .map_err(|error| format!("{}: {error:#}", task.name).into())
    };
    let best = evaluated(&task.rules, &BEST_RULE, &labelled)?;
    let or_none = evaluated(&task.rules, &OR_NONE, &with_nulls)?;
    let few_shot = evaluated(&few_shot_rules(task), &BEST_RULE, &labelled)?;
    let some = |figure: f64| (!labelled.is_empty()).then_some(figure);
    Ok(Figures {
        n: labelled.len(),
        accuracy: some(best.accuracy),
        macro_f1: best.macro_f1,
        null_f1: or_none.classes.last().filter(|none| none.cases > 0).and_then(|none| none.f1),
        null_auroc: or_none.no_match_auroc,
        ece: (!with_nulls.is_empty()).then_some(or_none.ece),
        few_shot_accuracy: some(few_shot.accuracy),
        few_shot_ece: some(few_shot.ece),
    })
}

/// The lines that no rule of `task` fits: its own, or up to `count` of other tasks.
fn nulls<'a>(task: &'a Task, tasks: &'a [Task], count: usize) -> Vec<&'a Line> {
    let own: Vec<&Line> = task.lines.iter().filter(|line| line.label.is_none()).collect();
    let of_test: Vec<&Line> = own.iter().copied().filter(|line| line.is_test()).collect();
    if !own.is_empty() {
        return if of_test.is_empty() { own } else { of_test };
    }
    let others = tasks.iter().filter(|other| other.name != task.name);
    let mut foreign: Vec<&Line> = others.flat_map(|other| &other.lines).filter(|line| line.is_test()).collect();
    let mut numbers = Numbers(1);
    let mut drawn = Vec::new();
    while drawn.len() < count && !foreign.is_empty() {
        drawn.push(foreign.swap_remove(numbers.below(foreign.len())));
    }
    drawn
}

fn mean(figures: &[Figures]) -> Figures {
    let mean = |of: fn(&Figures) -> Option<f64>| {
        let values: Vec<f64> = figures.iter().filter_map(of).collect();
        (!values.is_empty()).then(|| (1e6 * values.iter().sum::<f64>() / values.len() as f64).round() / 1e6)
    };
    Figures {
        n: figures.iter().map(|task| task.n).sum(),
        accuracy: mean(|task| task.accuracy),
        macro_f1: mean(|task| task.macro_f1),
        null_f1: mean(|task| task.null_f1),
        null_auroc: mean(|task| task.null_auroc),
        ece: mean(|task| task.ece),
        few_shot_accuracy: mean(|task| task.few_shot_accuracy),
        few_shot_ece: mean(|task| task.few_shot_ece),
    }
}

fn table(report: &Report) -> String {
    let names = report.tasks.keys().map(|name| name.chars().count());
    let wide = names.max().unwrap_or_default().max("mean".len());
    let headings: String = report.mean.fractions().iter().map(|(heading, _)| format!("  {heading:>8}")).collect();
    let mut output = format!("{:wide$}  {:>5}{headings}\n", "task", "n");
    let rows = report.tasks.iter().map(|(name, figures)| (name.as_str(), figures)).chain([("mean", &report.mean)]);
    for (name, figures) in rows {
        output.push_str(&format!("{name:wide$}  {:>5}", figures.n));
        for (heading, fraction) in figures.fractions() {
            let formatted = fraction.map_or("-".to_owned(), |fraction| format!("{fraction:.3}"));
            output.push_str(&format!("  {formatted:>width$}", width = heading.len().max(8)));
        }
        output.push('\n');
    }
    output
}

/// A small random number generator (Numerical Recipes' LCG): every run has the same instances.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// The task's rules with the lines of the split `train` as examples.
fn few_shot_rules(task: &Task) -> RuleSet {
    let mut rules = task.rules.clone();
    for rule in &mut rules.rules {
        let own = task.lines.iter().filter(|line| line.split == "train" && line.label.as_ref() == Some(&rule.label));
        rule.examples = own.map(|line| line.text.clone()).collect();
    }
    rules
}

/// The number of draws of examples over which [`few`] takes means.
const DRAWS: usize = 20;

/// The number of examples drawn for a rule, and whether only one rule gets them.
const FEW: [(usize, bool); 5] = [(1, true), (1, false), (2, false), (3, false), (4, false)];

/// A table of the effect of the first examples.
fn few(tasks: &[Task]) -> Result<String, Failure> {
    let wide = tasks.iter().map(|task| task.name.chars().count()).max().unwrap_or_default().max("mean".len());
    let mut output = format!("{:wide$}  {:>7}  {:>8}", "task", "without", "1 in one");
    output.push_str("  1 a rule       2       3       4\n");
    let mut sums = [0.0; FEW.len() + 1];
    let mut add = |name: &str, row: &[f64]| {
        output.push_str(&format!("{name:wide$}  {:>7.1}", row.first().copied().unwrap_or_default()));
        for (change, width) in row.iter().skip(1).zip([8, 8, 6, 6, 6]) {
            output.push_str(&format!("  {change:>+width$.1}"));
        }
        output.push('\n');
    };
    for task in tasks {
        let mut row = Vec::new();
        for (count, in_one) in FEW {
            let (without, with) = drawn(task, count, in_one)?;
            if row.is_empty() {
                row.push(without);
            }
            row.push(with - without);
        }
        sums.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value / tasks.len() as f64);
        add(&task.name, &row);
    }
    add("mean", &sums);
    Ok(output)
}

/// The accuracy in points, without and with examples: means over draws, both on the same lines.
fn drawn(task: &Task, count: usize, in_one: bool) -> Result<(f64, f64), Failure> {
    let mut numbers = Numbers(1);
    let has_train = task.lines.iter().any(|line| line.split == "train");
    let (mut without, mut with) = (0.0, 0.0);
    for _ in 0..DRAWS {
        let chosen_rule = numbers.below(task.rules.rules.len());
        let mut rules = task.rules.clone();
        let mut taken = Vec::new();
        for (_, rule) in rules.rules.iter_mut().enumerate().filter(|(index, _)| !in_one || *index == chosen_rule) {
            let candidates = task.lines.iter().enumerate().filter(|(_, line)| line.label.as_ref() == Some(&rule.label));
            let mut candidates: Vec<(usize, &Line)> =
                candidates.filter(|(_, line)| !has_train || !line.is_test()).collect();
            while rule.examples.len() < count && !candidates.is_empty() {
                let (index, line) = candidates.swap_remove(numbers.below(candidates.len()));
                rule.examples.push(line.text.clone());
                taken.push(index);
            }
        }
        let remaining = task.lines.iter().enumerate().filter(|(index, line)| line.is_test() && !taken.contains(index));
        let cases: Vec<Case> = remaining.map(|(_, line)| line.case(line.label.as_ref())).collect();
        for (rules, sum) in [(&task.rules, &mut without), (&rules, &mut with)] {
            let evaluated = evaluate(rules, &OR_NONE, &cases, &Budget::unlimited())
                .map_err(|error| format!("{}: {error:#}", task.name))?;
            *sum += 100.0 * evaluated.accuracy / DRAWS as f64;
        }
    }
    Ok((without, with))
}

/// The number of random subsets of the rules that each line is classified with.
const SUBSETS: usize = 3;

/// The number of lines of other tasks that are classified with a task's rules.
const FOREIGN: usize = 200;

/// The number of lines of random words that are classified with a task's rules, and the maximum of words in one.
const NOISE: usize = 60;
const NOISE_WORDS: usize = 12;

/// The JSON line of the parameters of the engine.
fn parameters() -> Result<String, Failure> {
    Ok(serde_json::to_string(&EngineParameters::new())? + "\n")
}

/// One JSON line an instance; `target` is the index of the right rule or -1. Kinds: `own` (all rules), `subset` (a
/// random subset, three in ten without the right rule), `cross` (a text of another task), `noise` (words of texts of
/// other tasks, drawn one by one). Each instance occurs a second time with examples in the rules, except for the
/// examples themselves.
fn instances(tasks: &[Task]) -> Result<String, Failure> {
    let mut numbers = Numbers(1);
    let mut out = String::new();
    for task in tasks {
        let with_examples = few_shot_rules(task);
        let variants = [(false, &task.rules, compile(&task.rules)?), (true, &with_examples, compile(&with_examples)?)];
        let mut emit =
            |(few_shot, rules, classifier): (bool, &RuleSet, &Classifier), line: &Line, from: &str, kind: &str| {
                if few_shot && from == task.name && !line.is_test() {
                    return;
                }
                // A budget without limits is never exceeded.
                let document = Document::plain(&line.text);
                let Ok(computed) = classifier.training_features(&document, &Budget::unlimited()) else { return };
                let label = line.label.as_ref().filter(|_| !matches!(kind, "cross" | "noise"));
                let target = label.and_then(|label| rules.rules.iter().position(|rule| &rule.label == label));
                let values: Vec<_> = computed.features.iter().map(|features| features.values()).collect();
                let context: Vec<_> = computed.context.iter().map(|features| features.values()).collect();
                let target = target.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1);
                let line = json!({
                    "task": task.name,
                    "from": from,
                    "split": line.split,
                    "kind": kind,
                    "with_examples": few_shot,
                    "target": target,
                    "words": computed.words,
                    "score_scale": computed.score_scale,
                    "features": values,
                    "context": context,
                });
                out.push_str(&line.to_string());
                out.push('\n');
            };
        for line in &task.lines {
            for (few_shot, rules, classifier) in &variants {
                emit((*few_shot, rules, classifier), line, &task.name, "own");
            }
            for _ in 0..SUBSETS {
                let labels = subset(task, line, &mut numbers);
                for (few_shot, rules, _) in &variants {
                    if *few_shot && !line.is_test() {
                        continue;
                    }
                    let of = |label: &String| rules.rules.iter().find(|rule| &rule.label == label).cloned();
                    let rules = RuleSet { rules: labels.iter().filter_map(of).collect() };
                    emit((*few_shot, &rules, &compile(&rules)?), line, &task.name, "subset");
                }
            }
        }
        let foreign: Vec<(&str, &Line)> = tasks
            .iter()
            .filter(|other| other.name != task.name)
            .flat_map(|other| other.lines.iter().map(|line| (other.name.as_str(), line)))
            .collect();
        for _ in 0..FOREIGN {
            if let Some((from, line)) = foreign.get(numbers.below(foreign.len())) {
                for (few_shot, rules, classifier) in &variants {
                    emit((*few_shot, rules, classifier), line, from, "cross");
                }
            }
        }
        for _ in 0..NOISE {
            let line = noise(&foreign, &mut numbers);
            for (few_shot, rules, classifier) in &variants {
                emit((*few_shot, rules, classifier), &line, "noise", "noise");
            }
        }
    }
    Ok(out)
}

fn noise(foreign: &[(&str, &Line)], numbers: &mut Numbers) -> Line {
    let mut words = Vec::new();
    for _ in 0..=numbers.below(NOISE_WORDS) {
        let words_of = |(_, line): &(&str, &Line)| line.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut line = foreign.get(numbers.below(foreign.len())).map(words_of).unwrap_or_default();
        let index = numbers.below(line.len());
        words.extend((index < line.len()).then(|| line.swap_remove(index)));
    }
    Line { text: words.join(" "), label: None, split: "test".to_owned() }
}

fn compile(rules: &RuleSet) -> Result<Classifier, Failure> {
    Ok(Classifier::new(rules, &Settings::default(), &Budget::unlimited())?)
}

/// The labels of a random subset of a task's rules, which contains the right one seven times of ten.
fn subset(task: &Task, line: &Line, numbers: &mut Numbers) -> Vec<String> {
    let mut labels: Vec<String> = task.rules.rules.iter().map(|rule| rule.label.clone()).collect();
    let size = 1 + numbers.below(labels.len());
    while labels.len() > size {
        labels.remove(numbers.below(labels.len()));
    }
    labels.retain(|label| Some(label) != line.label.as_ref());
    if let Some(right) = &line.label
        && (numbers.below(10) >= 3 || labels.is_empty())
    {
        labels.insert(numbers.below(labels.len() + 1), right.clone());
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> Vec<Task> {
        read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/quality/tasks"))).unwrap()
    }

    #[test]
    fn a_folder_is_measured() {
        let report = serde_json::to_value(measure(&folder()).unwrap()).unwrap();
        let members = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&report), ["mean", "tasks"]);
        assert_eq!(members(&report["tasks"]), ["animals", "office"]);
        for figures in [&report["tasks"]["animals"], &report["tasks"]["office"], &report["mean"]] {
            let mut expected = vec!["n", "accuracy", "macro_f1", "null_f1", "null_auroc", "ece", "few_shot_accuracy"];
            expected.push("few_shot_ece");
            expected.sort_unstable();
            assert_eq!(members(figures), expected);
            for name in expected.iter().filter(|name| **name != "n") {
                assert!((0.0..=1.0).contains(&figures[*name].as_f64().unwrap()), "{name}: {figures}");
            }
        }
        let (animals, office, mean) = (&report["tasks"]["animals"], &report["tasks"]["office"], &report["mean"]);
        // One of the animals is misclassified.
        assert_eq!(
            (&animals["n"], &animals["accuracy"], &animals["macro_f1"]),
            (&4.into(), &0.75.into(), &0.733333.into())
        );
        assert_eq!((&office["n"], &office["accuracy"], &office["macro_f1"]), (&3.into(), &1.0.into(), &1.0.into()));
        assert_eq!((&mean["n"], &mean["accuracy"], &mean["macro_f1"]), (&7.into(), &0.875.into(), &0.866667.into()));
    }

    #[test]
    fn the_first_examples_are_measured() {
        let output = few(&folder()).unwrap();
        let rows: Vec<&str> = output.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(rows, ["animals", "office", "mean"], "{output}");
    }

    #[test]
    fn instances_have_the_numbers_that_the_parameters_name() {
        let parameters: serde_json::Value = serde_json::from_str(&parameters().unwrap()).unwrap();
        let count = |member: &str| parameters[member].as_array().unwrap().len();
        let lines = instances(&folder()[..1]).unwrap();
        for line in lines.lines() {
            let instance: serde_json::Value = serde_json::from_str(line).unwrap();
            for member in ["features", "context"] {
                for row in instance[member].as_array().unwrap() {
                    assert_eq!(row.as_array().unwrap().len(), count(member), "{line}");
                }
            }
        }
        assert!(lines.lines().count() > 10, "{lines}");
    }

    #[test]
    fn null_lines_are_the_tasks_own_or_borrowed() {
        let tasks = folder();
        let texts =
            |task: usize| nulls(&tasks[task], &tasks, 3).iter().map(|line| line.text.as_str()).collect::<Vec<_>>();
        assert_eq!(texts(1), ["The river runs slow and the willows sleep."], "its own, of the test");
        assert_eq!(texts(0).len(), 3);
        assert!(texts(0).iter().all(|text| tasks[1].lines.iter().any(|line| line.is_test() && line.text == *text)));
        assert_eq!(nulls(&tasks[0], &tasks[..1], 3).len(), 0);
    }

    #[test]
    fn undefined_figures_are_left_out_of_the_mean() {
        let alone = measure(&folder()[..1]).unwrap();
        assert_eq!((alone.mean.null_f1, alone.mean.accuracy), (None, Some(0.75)));
        let lines = table(&alone);
        assert!(lines.lines().last().unwrap().starts_with("mean") && lines.contains(" - "), "{lines}");
    }
}
