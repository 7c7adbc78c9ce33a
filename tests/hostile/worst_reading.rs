//! Reads the hostile files and prints what each costs: `cargo run --profile bench -p sortroom-tests --example
//! worst-reading`. One line a file: its size, and for the budgets of a request and of a stage, the seconds of processor
//! time, the milliseconds of its longest turn, the peak of the allocated memory beyond the file, and the outcome. Fails if
//! a bound is exceeded. Names after `--` select files.

#[path = "generate.rs"]
mod generate;
#[path = "memory.rs"]
mod memory;
#[path = "turns.rs"]
mod turns;

use sortroom::budget::Budget;
use sortroom::document::{ReadOptions, read_with_attachments};
use sortroom::limits;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// The bounds beside [`limits::TURN_TIME`]: processor time in seconds, and memory in MiB.
const MAX_REQUEST_SECONDS: f64 = 2.0;
const MAX_STAGE_SECONDS: f64 = 10.0;
const MAX_MIB: usize = 64;

fn main() {
    let selected: Vec<_> = std::env::args().skip(1).collect();
    let is_selected = |name: &str| selected.is_empty() || selected.iter().any(|part| name.contains(part.as_str()));
    let mut worst = [(0.0, ""), (0.0, "")];
    let mut largest = (0, "");
    let mut longest = (0.0, "");
    let max_turn = limits::TURN_TIME.as_secs_f64();
    let mut is_within = true;
    println!("{:38} {:>9}  request: s, longest turn in ms, MiB, outcome        stage", "file", "KiB");
    for (name, make) in generate::FILES.iter().filter(|(name, _)| is_selected(name)) {
        let bytes = make();
        let mut line = format!("{name:38} {:>9}", bytes.len() / 1024);
        let runs = [(Budget::request(), MAX_REQUEST_SECONDS), (Budget::stage(), MAX_STAGE_SECONDS)];
        for ((budget, bound), worst) in runs.into_iter().zip(&mut worst) {
            let start = turns::cpu_seconds();
            let ((result, work), peak, turn) = {
                let read = |budget: &Budget| {
                    let result = read_with_attachments(&bytes, &ReadOptions::default(), budget);
                    (result, budget.work_done() / 1_000_000)
                };
                let ((result, turn), peak) = memory::peak(|| turns::longest(budget, read));
                (result, peak, turn)
            };
            let (seconds, mib) = (turns::cpu_seconds() - start, peak >> 20);
            let outcome = result.map_or_else(|error| error.code(), |_| "read");
            let is_file_within = seconds <= bound && turn <= max_turn && mib < MAX_MIB;
            is_within &= is_file_within;
            let mark = if is_file_within { ' ' } else { '!' };
            line += &format!("  {mark}{seconds:6.2} {:5.0} {mib:3} {work:3}M {outcome:22}", turn * 1e3);
            if turn > longest.0 {
                longest = (turn, name);
            }
            if seconds > worst.0 {
                *worst = (seconds, name);
            }
            if mib > largest.0 {
                largest = (mib, name);
            }
        }
        println!("{line}");
    }
    let [request, stage] = worst;
    println!(
        "worst: request {:.2} s of {MAX_REQUEST_SECONDS} ({}), stage {:.2} s of {MAX_STAGE_SECONDS} ({})",
        request.0, request.1, stage.0, stage.1
    );
    println!("longest turn: {:.0} ms of {:.0} ({})", longest.0 * 1e3, max_turn * 1e3, longest.1);
    println!("most memory: {} MiB of {MAX_MIB} ({})", largest.0, largest.1);
    println!(
        "budgets: {} and {} steps, {} MiB",
        limits::REQUEST_WORK,
        limits::STAGE_WORK,
        limits::MAX_HELD_BYTES >> 20
    );
    std::process::exit(i32::from(!is_within));
}
