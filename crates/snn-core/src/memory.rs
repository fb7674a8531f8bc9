//! How large arrays get their memory from the system.
//!
//! A training step makes and drops arrays of many megabytes. By default the C library gives each of them back
//! to the system at once and asks for it again in the next step, and the system clears it page by page: half of
//! the time of a convolutional network, measured in `docs/src/performance.md`.

use burn::tensor::Device;

use crate::kernel;

/// Keeps memory that was freed in the process, for the next arrays.
///
/// For the first line of a program that trains on a CPU. It is a setting of the whole process, so no function
/// of the library calls it. The process stays as large as it once was. Only on Linux with the GNU C library;
/// elsewhere it does nothing.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// By so much the heap grows at a time.
        const STEP: libc::c_int = 64 << 20;
        let settings = [
            // One heap for all threads: those of others are unmapped when they are empty.
            (libc::M_ARENA_MAX, 1),
            // Everything on the heap, none of it mapped for itself and unmapped when it is freed.
            (libc::M_MMAP_MAX, 0),
            // The top of the heap is never given back.
            (libc::M_TRIM_THRESHOLD, -1),
            (libc::M_TOP_PAD, STEP),
        ];
        for (setting, value) in settings {
            #[expect(unsafe_code, reason = "a setting of the C library")]
            // SAFETY: known settings with valid values; the allocator takes its own lock.
            unsafe {
                libc::mallopt(setting, value);
            }
        }
    }
}

/// Whether tensors of `device` are in the memory of the host, where reading one waits for nothing.
pub fn is_on_host(device: &Device) -> bool {
    kernel::is_cpu(device)
}

/// Room for `len` numbers, in large pages where the system has them: one fault instead of 512.
pub(crate) fn room(len: usize) -> Vec<f32> {
    let room = Vec::with_capacity(len);
    #[cfg(target_os = "linux")]
    {
        /// Pages of the system, and such large ones, on x86-64 and AArch64.
        const PAGE: usize = 1 << 12;
        const LARGE: usize = 1 << 21;
        let start = (room.as_ptr() as usize).next_multiple_of(PAGE);
        let end = (room.as_ptr() as usize + len * size_of::<f32>()) / PAGE * PAGE;
        if end >= start + 2 * LARGE {
            #[expect(unsafe_code, reason = "advice to the system")]
            // SAFETY: whole pages that are all part of `room`; advice changes nothing in them.
            unsafe {
                libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
            }
        }
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_there_and_can_be_written() {
        for len in [0, 1, 5_000_000] {
            let mut room = room(len);
            assert!(room.is_empty() && room.capacity() >= len);
            room.resize(len, 1.0);
            assert_eq!(room.iter().filter(|value| **value == 1.0).count(), len);
        }
    }

    /// In a process of its own: threads that have ended leave heaps behind that the settings do not change, and
    /// other tests are not to run with them.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn freed_memory_is_kept() {
        const ALONE: &str = "SNN_TEST_ALONE";
        if std::env::var_os(ALONE).is_none() {
            let name = "memory::tests::freed_memory_is_kept";
            let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
            let alone = alone.args([name, "--exact", "--test-threads=1"]).env(ALONE, "1");
            let output = alone.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/statm").unwrap();
            status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
        };
        const NUMBERS: usize = 20_000_000;
        keep_freed();
        // This thread may have a heap already.
        let given_back = std::thread::spawn(move || {
            let used = std::hint::black_box(vec![1.0_f32; NUMBERS]);
            let before = resident();
            drop(used);
            before - resident().min(before)
        });
        let given_back = given_back.join().unwrap();
        assert!(given_back < NUMBERS, "{given_back} bytes were given back");
    }
}
