//! Images in folders: `root/<class>/<image>.png`, or `.jpg` or `.jpeg`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::data::dataset::{Dataset, DatasetError};
use image::{ImageError, ImageReader};
use serde::{Deserialize, Serialize};

use super::{Origin, Recordings, Sample};
use crate::DataError;

/// What a pixel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Color {
    /// One channel: how bright it is, by the weights of sRGB.
    Grey,
    /// Three channels: red, green, blue.
    Rgb,
}

/// An image, channel by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Number of channels, height and width.
    pub shape: [usize; 3],
    /// From 0 to 255: all rows of a channel from the top, then the next channel.
    pub pixels: Vec<u8>,
}

/// Images of one size in folders, each of which is a class. They are read when they are asked for.
///
/// Classes and the images of a class are in the order of their names, as bytes. Files with other
/// extensions, and names that begin with a dot, are left out.
#[derive(Debug, Clone)]
pub struct ImageFolder {
    images: Vec<(PathBuf, usize)>,
    classes: Vec<String>,
    color: Color,
    shape: [usize; 3],
}

impl ImageFolder {
    /// Opens a folder, and reads the size of each image. Images of another color are converted, and lose
    /// their transparency.
    ///
    /// # Errors
    ///
    /// A folder cannot be read; there is no class, or one without images; or a file is no image, or has
    /// another size than the first; names the file.
    pub fn open(root: &Path, color: Color) -> Result<Self, DataError> {
        let (mut images, mut classes) = (Vec::new(), Vec::new());
        for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
            let files = entries(&folder)?.into_iter().filter(|path| is_image(path));
            let before = images.len();
            images.extend(files.map(|path| (path, classes.len())));
            if images.len() == before {
                return Err(wrong(&folder, "expected images, got no .png, .jpg or .jpeg"));
            }
            classes.push(folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        let Some((first, _)) = images.first() else {
            return Err(wrong(root, "expected a folder for each class, got none"));
        };
        let [height, width] = size(first)?;
        for (path, _) in &images {
            let found = size(path)?;
            if found != [height, width] {
                return Err(other_size(path, found, [height, width]));
            }
        }
        let channels = match color {
            Color::Grey => 1,
            Color::Rgb => 3,
        };
        Ok(Self { images, classes, color, shape: [channels, height, width] })
    }

    /// The shape of each image: number of channels, height and width.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn image(&self, path: &Path) -> Result<Image, DataError> {
        let image = reader(path)?.decode().map_err(|error| unreadable(path, error))?;
        let [channels, height, width] = self.shape;
        let found = [image.height() as usize, image.width() as usize];
        if found != [height, width] {
            return Err(other_size(path, found, [height, width]));
        }
        let interleaved = match self.color {
            Color::Grey => image.into_luma8().into_raw(),
            Color::Rgb => image.into_rgb8().into_raw(),
        };
        let channel = |channel| interleaved.iter().skip(channel).step_by(channels).copied();
        Ok(Image { shape: self.shape, pixels: (0..channels).flat_map(channel).collect() })
    }
}

impl Dataset<Sample<Image>> for ImageFolder {
    fn get(&self, index: usize) -> Result<Sample<Image>, DatasetError> {
        let (path, label) = &self.images[index];
        Ok(Sample { data: self.image(path).map_err(DatasetError::new)?, label: *label })
    }

    fn len(&self) -> usize {
        self.images.len()
    }
}

impl Recordings<Image> for ImageFolder {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        self.images[index].1
    }

    fn origin(&self, index: usize) -> Origin {
        Origin { path: self.images[index].0.clone(), part: format!("{:?}", self.color) }
    }
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let file = |source| DataError::File { path: folder.into(), source };
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).map_err(file)?.collect();
    let mut names: Vec<_> =
        entries.map_err(file)?.into_iter().map(|entry| entry.file_name()).collect();
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase).unwrap_or_default();
    ["png", "jpg", "jpeg"].iter().any(|known| extension == *known)
}

/// Height and width, of which only the header tells.
fn size(path: &Path) -> Result<[usize; 2], DataError> {
    let (width, height) =
        reader(path)?.into_dimensions().map_err(|error| unreadable(path, error))?;
    Ok([height as usize, width as usize])
}

/// A reader that goes by what the file begins with, whatever its name.
fn reader(path: &Path) -> Result<ImageReader<io::BufReader<fs::File>>, DataError> {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    reader.map_err(|source| DataError::File { path: path.into(), source })
}

fn unreadable(path: &Path, error: ImageError) -> DataError {
    match error {
        ImageError::IoError(source) => DataError::File { path: path.into(), source },
        error => wrong(path, &error.to_string()),
    }
}

fn other_size(path: &Path, found: [usize; 2], expected: [usize; 2]) -> DataError {
    let problem =
        format!("expected height and width {expected:?} of the first image, got {found:?}");
    wrong(path, &problem)
}

fn wrong(path: &Path, problem: &str) -> DataError {
    DataError::Format { path: path.into(), offset: 0, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};

    use super::*;

    /// Two classes of images of 3 by 2 pixels, made in another order than that of their names.
    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for class in ["b", "a c", ".hidden"] {
            fs::create_dir(root.path().join(class)).unwrap();
        }
        let save = |name: &str, pixels: &[u8]| {
            let image = GrayImage::from_raw(3, 2, pixels.to_vec()).unwrap();
            image.save(root.path().join(name)).unwrap();
        };
        save("b/2.png", &[1, 2, 3, 4, 5, 6]);
        save("b/10.png", &[9; 6]);
        save("a c/x.PNG", &[0, 255, 0, 0, 0, 0]);
        fs::write(root.path().join("a c/notes.txt"), "no image").unwrap();
        fs::write(root.path().join("labels.csv"), "no class").unwrap();
        root
    }

    #[test]
    fn classes_and_images_in_the_order_of_their_names() {
        let root = folder();
        let set = ImageFolder::open(root.path(), Color::Grey).unwrap();
        assert_eq!((set.len(), set.shape()), (3, [1, 2, 3]));
        assert_eq!((set.classes(), set.labels()), (&["a c".into(), "b".into()][..], vec![0, 1, 1]));
        let pixels = [[0, 255, 0, 0, 0, 0], [9; 6], [1, 2, 3, 4, 5, 6]];
        for (index, pixels) in pixels.into_iter().enumerate() {
            let data = Image { shape: [1, 2, 3], pixels: pixels.to_vec() };
            assert_eq!(set.get(index).unwrap(), Sample { data, label: set.label(index) });
        }
        let origin = set.origin(1);
        assert_eq!((origin.path, &*origin.part), (root.path().join("b/10.png"), "Grey"));
    }

    #[test]
    fn colors_are_channels() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        let image = RgbImage::from_raw(2, 1, vec![255, 0, 0, 10, 20, 30]).unwrap();
        image.save(root.path().join("a/0.png")).unwrap();
        // A wrong extension does not matter.
        fs::copy(root.path().join("a/0.png"), root.path().join("a/1.jpg")).unwrap();
        RgbImage::from_pixel(2, 1, [200; 3].into()).save(root.path().join("a/2.jpeg")).unwrap();
        let pixels = |color, index| {
            let set = ImageFolder::open(root.path(), color).unwrap();
            set.get(index).unwrap().data.pixels
        };
        for index in [0, 1] {
            assert_eq!(pixels(Color::Rgb, index), [255, 10, 0, 20, 0, 30]);
            // 0.2126 red + 0.7152 green + 0.0722 blue: 54.2 and 18.6.
            assert_eq!(pixels(Color::Grey, index), [54, 19]);
        }
        assert!(pixels(Color::Rgb, 2).iter().all(|value| value.abs_diff(200) < 3));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |root: &Path| ImageFolder::open(root, Color::Grey).unwrap_err().to_string();
        let root = folder();
        let set = ImageFolder::open(root.path(), Color::Grey).unwrap();
        GrayImage::new(2, 3).save(root.path().join("b/2.png")).unwrap();
        for found in [error(root.path()), set.get(2).unwrap_err().to_string()] {
            assert!(found.contains("b/2.png") && found.contains("[2, 3]"), "{found}");
            assert!(found.ends_with("got [3, 2]"), "{found}");
        }
        fs::write(root.path().join("b/2.png"), "no image").unwrap();
        assert!(error(root.path()).contains("b/2.png"));
        fs::remove_file(root.path().join("a c/x.PNG")).unwrap();
        assert!(error(root.path()).contains("a c: byte 0: expected images"));
        assert!(error(&root.path().join("b")).contains("b: byte 0: expected a folder"));
        assert!(error(&root.path().join("none")).contains("none"));
    }
}
