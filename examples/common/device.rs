//! Devices by name. Examples and tests are the one place where backends have names.

use burn::tensor::Device;

/// Names of the devices that this build knows.
pub const DEVICES: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "ndarray")]
    "ndarray",
    #[cfg(feature = "wgpu")]
    "wgpu",
    #[cfg(feature = "vulkan")]
    "vulkan",
    #[cfg(feature = "cuda")]
    "cuda",
];

/// The device called `name`.
///
/// # Errors
///
/// If this build knows no such device; says which ones it knows.
pub fn device(name: &str) -> Result<Device, String> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[expect(deprecated, reason = "supported as long as Burn has it")]
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0usize)),
        _ => Err(format!(
            "unknown device '{name}': this build has {}; flex, ndarray, wgpu, vulkan and cuda come \
             with the features of these names",
            DEVICES.join(", ")
        )),
    }
}
