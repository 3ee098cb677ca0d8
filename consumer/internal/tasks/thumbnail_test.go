package tasks

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// newThumbnailHandler returns a handler whose folder has the files.
func newThumbnailHandler(t *testing.T, files map[string][]byte) (handler zeroq.Handler, folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range files {
		writeFile(t, filepath.Join(folder, name), content)
	}
	handler, err := newThumbnail(Conf{Thumbnail: ThumbnailConf{Folder: folder}})
	mustSucceed(t, err)
	t.Cleanup(func() { mustSucceed(t, handler.(*thumbnail).Close()) })
	return handler, folder
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	mustSucceed(t, os.MkdirAll(filepath.Dir(name), 0o755))
	mustSucceed(t, os.WriteFile(name, content, 0o644))
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buffer bytes.Buffer
	mustSucceed(t, png.Encode(&buffer, img))
	return buffer.Bytes()
}

func jpegOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buffer bytes.Buffer
	mustSucceed(t, jpeg.Encode(&buffer, img, nil))
	return buffer.Bytes()
}

func thumbnailOf(source, target string, width, height int) string {
	return fmt.Sprintf(`{"source":%q,"target":%q,"width":%d,"height":%d}`, source, target, width, height)
}

// openTarget decodes a target and checks the result against it.
func openTarget(t *testing.T, name, kind string, result json.RawMessage) image.Image {
	t.Helper()
	content, err := os.ReadFile(name)
	mustSucceed(t, err)
	img, got, err := image.Decode(bytes.NewReader(content))
	mustSucceed(t, err)
	if got != kind {
		t.Errorf("target is %s, want %s", got, kind)
	}
	size := img.Bounds().Size()
	want := fmt.Sprintf(`{"width":%d,"height":%d,"bytes":%d}`, size.X, size.Y, len(content))
	if string(result) != want {
		t.Errorf("result is %s, target %s", result, want)
	}
	return img
}

// mustHaveOnly checks that nothing but the names is in a directory, such as a temporary file.
func mustHaveOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	mustSucceed(t, err)
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("directory has %v, want %v", got, names)
	}
}

func TestThumbnail_FitsTheBox(t *testing.T) {
	t.Parallel()
	img := noise(image.Pt(300, 200))
	handler, folder := newThumbnailHandler(t, map[string][]byte{"in/a.png": pngOf(t, img), "b.jpg": jpegOf(t, img)})
	for _, test := range []struct {
		source, target, kind string
		width, height        int
		want                 image.Point
	}{
		{"in/a.png", "out/deep/a.jpg", "jpeg", 30, 30, image.Pt(30, 20)},
		{"in/a.png", "a.PNG", "png", 600, 50, image.Pt(75, 50)},
		{"b.jpg", "out/b.jpeg", "jpeg", 600, 600, image.Pt(300, 200)},
		{"b.jpg", "in/a/../b.png", "png", 1, 1, image.Pt(1, 1)},
		{"b.jpg", "b.jpg", "jpeg", 150, 150, image.Pt(150, 100)},
	} {
		writeFile(t, filepath.Join(folder, "in/a/keep"), nil)
		result, err := run(t.Context(), handler, thumbnailOf(test.source, test.target, test.width, test.height))
		mustSucceed(t, err)
		got := openTarget(t, filepath.Join(folder, test.target), test.kind, result)
		if got.Bounds().Size() != test.want {
			t.Errorf("%+v: got %v", test, got.Bounds().Size())
		}
	}
	mustHaveOnly(t, folder, "a.PNG", "b.jpg", "in", "out")
	mustHaveOnly(t, filepath.Join(folder, "out"), "b.jpeg", "deep")
}

// testdata returns the images that come with Go.
func testdata(t *testing.T, pattern string) map[string][]byte {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	mustSucceed(t, err)
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src/image/testdata", pattern))
	mustSucceed(t, err)
	files := make(map[string][]byte)
	for _, name := range names {
		content, err := os.ReadFile(name)
		mustSucceed(t, err)
		files[filepath.Base(name)] = content
	}
	return files
}

func TestThumbnail_ImagesOfEveryKind(t *testing.T) {
	t.Parallel()
	files := testdata(t, "video-*.[jp]*g")
	if len(files) == 0 {
		t.Fatal("Go came without its test images")
	}
	handler, folder := newThumbnailHandler(t, files)
	for name := range files {
		result, err := run(t.Context(), handler, thumbnailOf(name, "out/"+name, 50, 50))
		mustSucceed(t, err)
		kind := map[string]string{".png": "png", ".jpeg": "jpeg"}[filepath.Ext(name)]
		if size := openTarget(t, filepath.Join(folder, "out", name), kind, result).Bounds().Size(); size != image.Pt(50, 34) {
			t.Errorf("%s: got %v", name, size)
		}
	}
}

func TestThumbnail_TransparentBecomesWhiteInJPEG(t *testing.T) {
	t.Parallel()
	handler, folder := newThumbnailHandler(t, map[string][]byte{"a.png": pngOf(t, image.NewNRGBA(image.Rect(0, 0, 64, 64)))})
	for target, want := range map[string]color.Color{"a.jpg": color.Gray{255}, "b.png": color.Transparent} {
		result, err := run(t.Context(), handler, thumbnailOf("a.png", target, 16, 16))
		mustSucceed(t, err)
		kind := map[string]string{"a.jpg": "jpeg", "b.png": "png"}[target]
		got := color.RGBA64Model.Convert(openTarget(t, filepath.Join(folder, target), kind, result).At(8, 8))
		if got != color.RGBA64Model.Convert(want) {
			t.Errorf("%s: got %v", target, got)
		}
	}
}

func TestThumbnail_RefusesBadData(t *testing.T) {
	t.Parallel()
	handler, folder := newThumbnailHandler(t, map[string][]byte{"a.png": pngOf(t, noise(image.Pt(2, 2)))})
	for data, want := range map[string]string{
		`null`: "must be a path within the folder",
		`{"source":"a.png","target":"b.png","width":1,"height":1,"quality":1}`: "unknown field",
		thumbnailOf("", "b.png", 1, 1):                                         `source ""`,
		thumbnailOf("/etc/passwd", "b.png", 1, 1):                              `source "/etc/passwd": must be a path within`,
		thumbnailOf("../a.png", "b.png", 1, 1):                                 `source "../a.png": must be a path within`,
		thumbnailOf("x/../../a.png", "b.png", 1, 1):                            `source "x/../../a.png": must be a path within`,
		thumbnailOf("a.png", "", 1, 1):                                         `target ""`,
		thumbnailOf("a.png", "/tmp/b.png", 1, 1):                               `target "/tmp/b.png": must be a path within`,
		thumbnailOf("a.png", "../b.png", 1, 1):                                 `target "../b.png": must be a path within`,
		thumbnailOf("a.png", "b.gif", 1, 1):                                    "must end in .jpg, .jpeg or .png",
		thumbnailOf("a.png", "b", 1, 1):                                        "must end in .jpg, .jpeg or .png",
		thumbnailOf("a.png", "b.png/", 1, 1):                                   "must end in .jpg, .jpeg or .png",
		thumbnailOf("a.png", "b.png", 0, 1):                                    "width and height: must be 1 to 65535",
		thumbnailOf("a.png", "b.png", 1, -1):                                   "width and height: must be 1 to 65535",
		thumbnailOf("a.png", "b.png", 1, 65536):                                "width and height: must be 1 to 65535",
	} {
		_, err := run(t.Context(), handler, data)
		mustBePermanent(t, err, want)
	}
	mustHaveOnly(t, folder, "a.png")
}

// chunk returns one chunk of a PNG file.
func chunk(kind string, data []byte) []byte {
	raw := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	raw = append(append(raw, kind...), data...)
	return binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw[4:]))
}

// bomb returns a PNG that claims a size and has no pixels.
func bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	header = append(header, 8, 6, 0, 0, 0)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)...)
}

func TestThumbnail_RefusesSourcesThatAreNoImages(t *testing.T) {
	t.Parallel()
	whole := noise(image.Pt(100, 100))
	var animated bytes.Buffer
	mustSucceed(t, gif.Encode(&animated, whole, nil))
	handler, folder := newThumbnailHandler(t, map[string][]byte{
		"text.png": []byte("not an image"), "empty.jpg": nil, "a.gif": animated.Bytes(),
		"bomb.png": bomb(50_000, 50_000), "bomb2.png": bomb(1<<31-1, 1<<31-1), "none.png": bomb(0, 5),
		"cut.png": pngOf(t, whole)[:3000], "cut.jpg": jpegOf(t, whole)[:3000], "head.jpg": jpegOf(t, whole)[:100],
		"dir/x": nil,
	})
	for source, want := range map[string]string{
		"missing.png":   "missing.png: no such file",
		"text.png":      "text.png: image: unknown format",
		"empty.jpg":     "empty.jpg: image: unknown format",
		"a.gif":         "a.gif: is gif, must be JPEG or PNG",
		"bomb.png":      "bomb.png: is 50000 x 50000 pixels, Tasks.Thumbnail.MaxPixels is 50000000",
		"bomb2.png":     "bomb2.png: ",
		"none.png":      "none.png: ",
		"cut.png":       "cut.png: png: invalid format: not enough pixel data",
		"cut.jpg":       "cut.jpg: ",
		"head.jpg":      "head.jpg: ",
		"dir":           "dir: is no regular file",
		"dir/x/y.png":   "not a directory",
		"nul\x00.png":   "source",
		".":             ".: is no regular file",
		"text.png/../a": "not a directory",
	} {
		_, err := run(t.Context(), handler, encode(t, map[string]any{
			"source": source, "target": "new/out.png", "width": 10, "height": 10,
		}))
		mustBePermanent(t, err, want)
	}
	if _, err := os.Stat(filepath.Join(folder, "new")); err == nil {
		t.Error("a directory was made for a target that is not written")
	}
}

func TestThumbnail_MaxPixelsIsInclusive(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "a.png"), pngOf(t, noise(image.Pt(10, 10))))
	for limit, fits := range map[int64]bool{100: true, 99: false} {
		handler, err := newThumbnail(Conf{Thumbnail: ThumbnailConf{Folder: folder, MaxPixels: limit}})
		mustSucceed(t, err)
		_, err = run(t.Context(), handler, thumbnailOf("a.png", "b.png", 5, 5))
		if fits {
			mustSucceed(t, err)
		} else {
			mustBePermanent(t, err, "a.png: is 10 x 10 pixels, Tasks.Thumbnail.MaxPixels is 99")
		}
		mustSucceed(t, handler.(*thumbnail).Close())
	}
}

func TestThumbnail_EndsWithTheCauseOfItsContext(t *testing.T) {
	t.Parallel()
	handler, folder := newThumbnailHandler(t, map[string][]byte{"a.png": pngOf(t, noise(image.Pt(10, 10)))})
	_, err := run(cancelled(t), handler, thumbnailOf("a.png", "b.png", 5, 5))
	if !errors.Is(err, errCalledOff) || zeroq.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	mustHaveOnly(t, folder, "a.png")
}

// brokenDisk fails to be read.
type brokenDisk struct{}

func (brokenDisk) Read([]byte) (int, error) { return 0, errCalledOff }

func TestSource_ErrorOfTheDiskIsTriedAgain(t *testing.T) {
	t.Parallel()
	source := &source{ctx: t.Context(), file: brokenDisk{}}
	_, _, err := image.Decode(source)
	mustRetry(t, source.blame("a.png", err), errCalledOff.Error())
}
