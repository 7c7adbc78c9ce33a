//! Fuzzing: `npm run fuzz -- --seconds 60 --seed 1 pdf mail`.
//!
//! Each target (`targets`) is a part of the core that reads what others wrote, and the properties that hold for every
//! input. A case is a seed (`seeds`, `tests/corpus`) with a few edits ([`edit`]), which can be inside what is packed
//! ([`inside`]). It follows from the target, the seed of the run and the number of the case, so that every case can be
//! run again. Inputs that once failed (`regressions`) are run first.
//!
//! A case that fails is made smaller and stored in `failures`, with the command that runs it again. So is one that takes
//! too long, but as it is, for then the program has to end. Which case runs is stored in `failures/running`: what ends
//! the program from outside, such as an overflow of the stack, can be found there.

mod edit;
mod inside;
#[path = "../hostile/memory.rs"]
mod memory;
mod mutants;
mod targets;
mod verdict;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::{self, File},
    io::{Seek, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use edit::{Case, Material, cases, pick};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sha2::{Digest, Sha256};
use targets::{Check, TARGETS, Target};
use verdict::{Fault, Verdict};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// A case that takes longer hangs: the budget of a request is two seconds of work.
const MAX_CASE_TIME: Duration = Duration::from_secs(10);

/// The stack of the checks: twice what engines of wasm give, because native frames are larger.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// For how long a target runs before it is the turn of the next, where no end is given.
const TURN: Duration = Duration::from_secs(10);

/// For how long a failing input is made smaller.
const SHRINK_TIME: Duration = Duration::from_secs(20);

/// A target with as many different faults is not run further.
const MAX_FAULTS: usize = 5;

/// The case that runs, for the watchdog.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

struct Running {
    since: Instant,
    target: &'static str,
    what: String,
    input: Vec<u8>,
}

fn running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The panic that was caught last.
    static PANIC: RefCell<Option<Fault>> = const { RefCell::new(None) };
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// What the command line asks for.
struct Options {
    seed: u64,
    seconds: Option<f64>,
    /// One case instead of all.
    case: Option<u64>,
    /// A file instead of cases.
    file: Option<PathBuf>,
    mutants: bool,
    targets: Vec<&'static Target>,
}

fn options() -> Result<Options, String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut options =
        Options { seed: now.as_secs(), seconds: None, case: None, file: None, mutants: false, targets: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let not_a_number = |error: &dyn std::fmt::Display| format!("{word}: {error}");
        match word.as_str() {
            "--seed" => options.seed = value()?.parse().map_err(|error| not_a_number(&error))?,
            "--seconds" => options.seconds = Some(value()?.parse().map_err(|error| not_a_number(&error))?),
            "--case" => options.case = Some(value()?.parse().map_err(|error| not_a_number(&error))?),
            "--file" => options.file = Some(value()?.into()),
            "--mutants" => options.mutants = true,
            name => match TARGETS.iter().find(|target| target.name == name) {
                Some(target) => options.targets.push(target),
                None => {
                    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
                    return Err(format!("there is no target {name}; there are {}", names.join(", ")));
                }
            },
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().collect();
    }
    if (options.case.is_some() || options.file.is_some()) && options.targets.len() != 1 {
        return Err("--case and --file need one target".to_owned());
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    panic::set_hook(Box::new(|info| {
        if running().is_none() {
            eprintln!("{info}");
        }
        let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        PANIC.set(Some(Fault { place, message: info.to_string() }));
    }));
    thread::spawn(watch);
    let fuzz = move || {
        let mut fuzzer = Fuzzer::new(options.seed);
        let has_failed = if options.mutants { mutants::run(&mut fuzzer) } else { run(&options, &mut fuzzer) };
        forget_running();
        has_failed
    };
    let has_failed = thread::Builder::new().stack_size(STACK_BYTES).spawn(fuzz).map(thread::JoinHandle::join);
    if matches!(has_failed, Ok(Ok(false))) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Removes the note of the case that runs: the program ends, and not because of it.
fn forget_running() {
    // Where it could not be written, it is not there.
    let _ = fs::remove_file(folder("failures").join("running"));
}

/// Ends the program if a case hangs, with its input stored.
fn watch() {
    loop {
        thread::sleep(Duration::from_millis(500));
        let running = running();
        let Some(Running { target, what, input, .. }) =
            running.as_ref().filter(|case| case.since.elapsed() > MAX_CASE_TIME)
        else {
            continue;
        };
        let fault = Fault { place: "time".to_owned(), message: format!("takes more than {MAX_CASE_TIME:?}") };
        report(target, what, &fault, input);
        forget_running();
        std::process::exit(1);
    }
}

/// Stores a failing input and says how to run it again.
fn report(target: &str, what: &str, fault: &Fault, input: &[u8]) {
    let name: String = Sha256::digest(input).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let path = folder("failures").join(target).join(&name);
    let shown = format!("tests/fuzz/failures/{target}/{name}");
    let stored = fs::create_dir_all(path.with_file_name("")).and_then(|()| fs::write(&path, input));
    eprintln!("\n{target}: {what} fails at {}\n  {}", fault.place, fault.message.replace('\n', "\n  "));
    match stored {
        Ok(()) => eprintln!(
            "  input: {shown} ({} bytes)\n  again: npm run fuzz -- --file {shown} {target}\n  \
             when mended: move it to tests/fuzz/regressions/{target}/",
            input.len()
        ),
        Err(error) => eprintln!("  the input cannot be stored: {error}"),
    }
}

/// Runs cases and keeps their faults.
pub struct Fuzzer {
    seed: u64,
    /// What a case is written to before it runs.
    running: Option<File>,
    /// The faults of each target.
    faults: BTreeMap<&'static str, Vec<Fault>>,
}

impl Fuzzer {
    fn new(seed: u64) -> Self {
        let path = folder("failures").join("running");
        let running = fs::create_dir_all(folder("failures")).and_then(|()| File::create(path));
        Self { seed, running: running.ok(), faults: BTreeMap::new() }
    }

    /// Checks an input. A panic is a fault.
    pub fn check(&mut self, target: &'static str, what: &str, check: &mut Check, input: &[u8]) -> Verdict {
        if let Some(file) = &mut self.running {
            // Padded, because what was there before is not removed.
            let line = format!("{:<200}\n", format!("{target}: {what}"));
            let _ = file.rewind().and_then(|()| file.write_all(line.as_bytes()));
        }
        *running() = Some(Running { since: Instant::now(), target, what: what.to_owned(), input: input.to_vec() });
        let verdict = panic::catch_unwind(AssertUnwindSafe(|| check(input)));
        *running() = None;
        verdict.unwrap_or_else(|_| {
            let unknown = || Fault { place: "unknown".to_owned(), message: "a panic".to_owned() };
            Err(PANIC.take().unwrap_or_else(unknown))
        })
    }

    /// Reports a fault, unless the target has one of this place.
    pub fn add_fault(&mut self, target: &'static str, what: &str, fault: Fault, input: &[u8]) {
        let known = self.faults.entry(target).or_default();
        if known.iter().all(|known| known.place != fault.place) {
            report(target, what, &fault, input);
            known.push(fault);
        }
    }

    fn is_known(&self, target: &str, fault: &Fault) -> bool {
        self.faults.get(target).is_some_and(|known| known.iter().any(|known| known.place == fault.place))
    }

    fn has_enough(&self, target: &str) -> bool {
        self.faults.get(target).is_some_and(|faults| faults.len() >= MAX_FAULTS)
    }
}

/// A target that runs.
struct Run {
    target: &'static Target,
    seeds: Vec<Vec<u8>>,
    check: Check,
    /// The number of the next case.
    case: u64,
    outcomes: BTreeMap<&'static str, u64>,
    time: Duration,
}

impl Run {
    fn new(target: &'static Target) -> Self {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let (case, outcomes, time) = (0, BTreeMap::new(), Duration::ZERO);
        Self { target, seeds, check: (target.check)(), case, outcomes, time }
    }

    /// Checks the inputs that once failed, and the seeds as they are.
    fn check_known(&mut self, fuzzer: &mut Fuzzer) {
        let regressions = files(&folder("regressions").join(self.target.name));
        let seeds = self.seeds.clone();
        let known = regressions.iter().map(|input| ("regression", input)).enumerate();
        for (number, (kind, input)) in known.chain(seeds.iter().map(|input| ("seed", input)).enumerate()) {
            self.check_input(fuzzer, &format!("{kind} {number}"), input);
        }
    }

    fn check_input(&mut self, fuzzer: &mut Fuzzer, what: &str, input: &[u8]) -> bool {
        match fuzzer.check(self.target.name, what, &mut self.check, input) {
            Ok(outcome) => {
                *self.outcomes.entry(outcome).or_default() += 1;
                true
            }
            Err(fault) => {
                fuzzer.add_fault(self.target.name, what, fault, input);
                false
            }
        }
    }

    /// The generator of a case: another for each target, seed of the run, and number.
    fn runner(&self, seed: u64, case: u64) -> TestRunner {
        let digest = Sha256::new()
            .chain_update(self.target.name)
            .chain_update(seed.to_le_bytes())
            .chain_update(case.to_le_bytes())
            .finalize();
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &digest))
    }

    /// The input of a case.
    fn input(&self, case: &Case) -> Vec<u8> {
        let seed = |number| self.seeds[pick(number, self.seeds.len())].as_slice();
        let dictionary = self.target.dictionary;
        match case {
            Case::Edited { seed: number, other, inside, outside } => {
                let material = Material { dictionary, other: seed(*other) };
                let mut input = match self.target.inside {
                    Some(edit) if !inside.is_empty() => edit(seed(*number), inside, material),
                    _ => None,
                };
                let mut input = input.take().unwrap_or_else(|| {
                    let mut input = seed(*number).to_vec();
                    edit::apply_all(&mut input, inside, material);
                    input
                });
                edit::apply_all(&mut input, outside, material);
                input
            }
            Case::Tokens(tokens) => {
                let token = |(number, separator): &(u32, u8)| {
                    let word = dictionary.get(pick(*number, dictionary.len())).copied().unwrap_or_default();
                    [word, [&b" "[..], b"\n", b"", b"1"][usize::from(*separator % 4)]].concat()
                };
                tokens.iter().flat_map(token).collect()
            }
            Case::Random(bytes) => bytes.clone(),
        }
    }

    /// Runs the next case.
    fn next(&mut self, fuzzer: &mut Fuzzer) {
        let number = self.case;
        self.case += 1;
        let Ok(mut tree) = cases().new_tree(&mut self.runner(fuzzer.seed, number)) else { return };
        let mut input = self.input(&tree.current());
        let what = format!("--seed {} --case {number}", fuzzer.seed);
        match fuzzer.check(self.target.name, &what, &mut self.check, &input) {
            Ok(outcome) => *self.outcomes.entry(outcome).or_default() += 1,
            Err(fault) if fuzzer.is_known(self.target.name, &fault) => {}
            Err(fault) => {
                input = self.shrink(fuzzer, &mut tree, &fault, input);
                fuzzer.add_fault(self.target.name, &what, fault, &input);
            }
        }
    }

    /// A smaller input with the same fault: fewer edits, by proptest; then fewer bytes.
    fn shrink(
        &mut self,
        fuzzer: &mut Fuzzer,
        tree: &mut dyn ValueTree<Value = Case>,
        fault: &Fault,
        mut input: Vec<u8>,
    ) -> Vec<u8> {
        let since = Instant::now();
        let mut fails = |this: &mut Self, input: &[u8]| {
            let verdict = fuzzer.check(this.target.name, "a smaller input", &mut this.check, input);
            verdict.is_err_and(|other| other.place == fault.place)
        };
        let mut moves = tree.simplify();
        while moves && since.elapsed() < SHRINK_TIME / 2 {
            let candidate = self.input(&tree.current());
            let has_failed = fails(self, &candidate);
            if has_failed && candidate.len() <= input.len() {
                input = candidate;
            }
            moves = if has_failed { tree.simplify() } else { tree.complicate() };
        }
        let mut length = input.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at < input.len() && since.elapsed() < SHRINK_TIME {
                let mut candidate = input.clone();
                candidate.drain(at..(at + length).min(input.len()));
                if fails(self, &candidate) { input = candidate } else { at += length }
            }
            length /= 2;
        }
        input
    }
}

/// The files of a folder and of the folders in it, by name.
pub fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        if path.is_dir() {
            files(path)
        } else {
            vec![fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))]
        }
    };
    paths.iter().flat_map(read).collect()
}

/// Runs what the options ask for, and returns whether anything failed.
fn run(options: &Options, fuzzer: &mut Fuzzer) -> bool {
    let mut runs: Vec<_> = options.targets.iter().map(|target| Run::new(target)).collect();
    if let [run] = runs.as_mut_slice() {
        if let Some(path) = &options.file {
            let input = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let passed = run.check_input(fuzzer, "the file", &input);
            println!("{}", if passed { run.summary() } else { "failed".to_owned() });
            return !passed;
        }
        if let Some(case) = options.case {
            run.case = case;
            run.next(fuzzer);
            println!("{}", run.summary());
            return !fuzzer.faults.is_empty();
        }
    }
    println!("fuzz: seed {}, {} targets", fuzzer.seed, runs.len());
    for run in &mut runs {
        run.check_known(fuzzer);
    }
    let turn = options.seconds.map_or(TURN, |seconds| Duration::from_secs_f64(seconds / runs.len() as f64));
    loop {
        for run in &mut runs {
            let since = Instant::now();
            while since.elapsed() < turn && !fuzzer.has_enough(run.target.name) {
                run.next(fuzzer);
            }
            run.time += since.elapsed();
            println!("{}", run.summary());
        }
        if options.seconds.is_some() {
            break;
        }
    }
    let cases: u64 = runs.iter().map(|run| run.case).sum();
    let faults: usize = fuzzer.faults.values().map(Vec::len).sum();
    println!("fuzz: seed {}, {cases} cases, {faults} faults", fuzzer.seed);
    faults > 0
}

impl Run {
    /// A line: the cases, their rate, and how they ended.
    fn summary(&self) -> String {
        let mut outcomes: Vec<_> = self.outcomes.iter().collect();
        outcomes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let outcomes: Vec<_> = outcomes.iter().take(6).map(|(name, count)| format!("{name} {count}")).collect();
        let rate = self.case as f64 / self.time.as_secs_f64().max(1e-9);
        format!("{:<12} {:>8} cases {rate:>8.0}/s  {}", self.target.name, self.case, outcomes.join(", "))
    }
}
