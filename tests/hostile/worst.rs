//! Prints what the most expensive inputs found cost: `npm run bench:worst`
//!
//! For each: the outcome, CPU time and the largest memory beside the input, under the budget of a request and, if that
//! was exceeded, of a stage; the steps charged, nanoseconds per step, and the bound of the time. Fails if a bound is
//! exceeded. With words as arguments, only the inputs whose names contain one of them.

mod judging;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::{self, Write},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use judging::{ATTACKS, Attack};
use sortroom::{
    budget::Budget,
    error::{ErrorKind, Result},
    limits::MIB,
};

/// The most CPU time of a request and of a stage.
const REQUEST_SECONDS: f64 = 2.0;
const STAGE_SECONDS: f64 = 10.0;

/// The most memory beside the input, in bytes: an instance of the engine has 64 MiB, in which pointers take half as much
/// as here.
const MAX_MEMORY: usize = 96 * MIB as usize;

/// Counts the bytes that are allocated at once.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let allocated = ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(allocated, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a call cost.
struct Cost {
    outcome: Result<usize>,
    time: Duration,
    memory: usize,
    steps: u64,
}

impl Cost {
    fn of(call: &judging::Call, budget: &Budget) -> Self {
        let before = ALLOCATED.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let start = cpu_time();
        let outcome = call.run(budget);
        let time = cpu_time() - start;
        let memory = PEAK.load(Ordering::Relaxed) - before;
        Self { outcome, time, memory, steps: budget.work_done() }
    }

    fn is_over_budget(&self) -> bool {
        self.outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::OverBudget(_)))
    }

    fn row(&self, name: &str, bound: f64) -> String {
        let outcome = match &self.outcome {
            Ok(size) => format!("{} kB", size / 1000),
            Err(error) => match error.kind() {
                ErrorKind::OverBudget(resource) => format!("over {resource:?}").to_lowercase(),
                _ => format!("{error:?}"),
            },
        };
        let seconds = self.time.as_secs_f64();
        let (memory, steps) = (self.memory as f64 / MIB as f64, self.steps as f64 / 1e6);
        let ns_per_step = seconds * 1e9 / self.steps.max(1) as f64;
        format!("{name:78} {outcome:>12} {seconds:8.3} {bound:5.0} {memory:8.1} {steps:8.2} {ns_per_step:8.1}")
    }
}

/// The CPU time of this thread; elsewhere than on Linux, the time of day.
#[allow(clippy::disallowed_methods)]
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = statistics.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Prints the rows of an attack; returns whether it is within its bounds.
fn measure(attack: &Attack, out: &mut impl Write) -> io::Result<bool> {
    let call = (attack.prepare)();
    let cost = Cost::of(&call, &Budget::request());
    writeln!(out, "{}", cost.row(attack.name, REQUEST_SECONDS))?;
    let mut is_within = cost.time.as_secs_f64() <= REQUEST_SECONDS && cost.memory <= MAX_MEMORY;
    is_within &= cost.outcome.is_ok() || cost.is_over_budget() && !attack.is_honest;
    if cost.is_over_budget() {
        let cost = Cost::of(&call, &Budget::stage());
        writeln!(out, "{}", cost.row("    as a stage", STAGE_SECONDS))?;
        is_within &= cost.time.as_secs_f64() <= STAGE_SECONDS && cost.memory <= MAX_MEMORY;
        is_within &= cost.outcome.is_ok() || cost.is_over_budget();
    }
    if !is_within {
        writeln!(out, "    ^ exceeds a bound")?;
    }
    Ok(is_within)
}

fn main() -> io::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout();
    // What is made once for all calls is not of the first one.
    let _ = (ATTACKS[ATTACKS.len() - 1].prepare)().run(&Budget::unlimited());
    writeln!(
        out,
        "{:78} {:>12} {:>8} {:>5} {:>8} {:>8} {:>8}",
        "", "answer", "CPU s", "bound", "MiB", "M steps", "ns/step"
    )?;
    let mut all_within = true;
    for attack in ATTACKS {
        if words.is_empty() || words.iter().any(|word| attack.name.contains(word.as_str())) {
            all_within &= measure(attack, &mut out)?;
        }
    }
    Ok(if all_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
