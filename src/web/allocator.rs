//! The allocator of the modules: it first takes the pages that the memory already has.
//!
//! JavaScript makes one memory for a module, with a maximum, and a fresh instance gets the memory of the instance that
//! trapped before it: dropped memories are not collected in time, and several would exceed what a Worker may have. The
//! allocator of the standard library only grows a memory and never uses pages that are already there, so it would run
//! out after a few instances.

use core::{
    alloc::Layout,
    arch::wasm32::{memory_grow, memory_size},
    ptr::NonNull,
};

use talc::{
    base::{Talc, binning::Binning},
    cell::TalcSyncCell,
    source::Source,
    wasm::WasmBinning,
};

/// The size of a page of WebAssembly.
const PAGE_BYTES: usize = 64 * 1024;

/// The fewest pages by which the memory grows: after each growth, JavaScript has to make its views of the memory anew.
const MIN_GROWTH_PAGES: usize = 16;

unsafe extern "C" {
    /// Where the linker's data and stack end. Only its address means anything.
    static __heap_base: u8;
}

/// The pages of the memory.
#[derive(Debug)]
struct Pages {
    /// The end of the heap; None before the first allocation.
    end: Option<NonNull<u8>>,
}

// SAFETY: it allocates nothing itself.
unsafe impl Source for Pages {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let Some(end) = talc.source.end else {
            let base = &raw const __heap_base as usize;
            let free = memory_size(0).saturating_mul(PAGE_BYTES).saturating_sub(base);
            // SAFETY: nothing but the allocator uses what is above the heap base.
            talc.source.end = unsafe { talc.claim(base as *mut u8, free) };
            return match talc.source.end {
                Some(_) => Ok(()),
                // Less than the allocator needs for itself.
                None => grow_first(talc, layout),
            };
        };
        let new_end = grow(layout)? as *mut u8;
        // SAFETY: only this allocator grows the memory, so the new pages follow the heap.
        talc.source.end = Some(unsafe { talc.extend(end, new_end) });
        Ok(())
    }
}

/// Makes a heap of new pages.
fn grow_first<B: Binning>(talc: &mut Talc<Pages, B>, layout: Layout) -> Result<(), ()> {
    let end = grow(layout)?;
    let base = &raw const __heap_base as usize;
    // SAFETY: nothing but the allocator uses what is above the heap base.
    talc.source.end = unsafe { talc.claim(base as *mut u8, end.saturating_sub(base)) };
    talc.source.end.map(drop).ok_or(())
}

/// Grows the memory for an allocation; returns its new size in bytes. Near the maximum it grows by less than the
/// allocation takes, which may fit all the same: the heap may end in free memory. Fails at the maximum.
fn grow(layout: Layout) -> Result<usize, ()> {
    // One page more for what the allocator writes beside it.
    let needed = layout.size().saturating_add(layout.align()).div_ceil(PAGE_BYTES).saturating_add(1);
    let mut pages = needed.max(MIN_GROWTH_PAGES);
    while pages > 0 {
        if memory_grow(0, pages) != usize::MAX {
            return Ok(memory_size(0).saturating_mul(PAGE_BYTES));
        }
        pages /= 2;
    }
    Err(())
}

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Pages, WasmBinning> = TalcSyncCell::new_wasm(Pages { end: None });
