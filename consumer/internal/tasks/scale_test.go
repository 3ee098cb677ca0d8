package tasks

import (
	"errors"
	"image"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ size, box, want image.Point }{
		{image.Pt(100, 100), image.Pt(100, 100), image.Pt(100, 100)},
		{image.Pt(100, 50), image.Pt(200, 200), image.Pt(100, 50)},
		{image.Pt(100, 50), image.Pt(50, 50), image.Pt(50, 25)},
		{image.Pt(50, 100), image.Pt(50, 50), image.Pt(25, 50)},
		{image.Pt(100, 50), image.Pt(200, 25), image.Pt(50, 25)},
		{image.Pt(150, 103), image.Pt(64, 64), image.Pt(64, 44)},
		{image.Pt(10000, 1), image.Pt(100, 100), image.Pt(100, 1)},
		{image.Pt(1, 10000), image.Pt(100, 100), image.Pt(1, 100)},
		{image.Pt(1<<30, 1<<30), image.Pt(65535, 65535), image.Pt(65535, 65535)},
	} {
		if got := fit(test.size, test.box); got != test.want {
			t.Errorf("%v in %v: got %v, want %v", test.size, test.box, got, test.want)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add(150, 103, 64, 64)
	f.Fuzz(func(t *testing.T, x, y, width, height int) {
		side := func(n int) int { return max(1, n&0xffff) }
		size, box := image.Pt(side(x), side(y)), image.Pt(side(width), side(height))
		got := fit(size, box)
		if got.X < 1 || got.Y < 1 || got.X > min(size.X, box.X) || got.Y > min(size.Y, box.Y) {
			t.Errorf("%v in %v: got %v", size, box, got)
		}
	})
}

// noise returns an image of random opaque pixels whose corner is not the origin.
func noise(size image.Point) *image.NRGBA {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rectangle{Max: size}.Add(image.Pt(7, 11)))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestScale_StripsMakeTheSameImageAsOneGo(t *testing.T) {
	t.Parallel()
	src := noise(image.Pt(3*stripSize+5, 2*stripSize+9))
	for _, size := range []image.Point{{src.Rect.Dx(), src.Rect.Dy()}, {stripSize + 1, 100}, {40, 30}, {1, 1}} {
		got, want := image.NewRGBA(image.Rectangle{Max: size}), image.NewRGBA(image.Rectangle{Max: size})
		mustSucceed(t, scale(t.Context(), got, src))
		draw.CatmullRom.Scale(want, want.Rect, src, src.Rect, draw.Src, nil)
		if off := largestDifference(got, want); off > 20 {
			t.Errorf("%v: pixels differ by up to %d", size, off)
		}
	}
}

func largestDifference(a, b *image.RGBA) int {
	largest := 0
	for i := range a.Pix {
		off := int(a.Pix[i]) - int(b.Pix[i])
		largest = max(largest, off, -off)
	}
	return largest
}

func TestScale_KeepsPixelsOfTheSameSize(t *testing.T) {
	t.Parallel()
	src := noise(image.Pt(2*stripSize+1, stripSize+1))
	dst := image.NewRGBA(image.Rectangle{Max: src.Rect.Size()})
	mustSucceed(t, scale(t.Context(), dst, src))
	want := image.NewRGBA(dst.Rect)
	draw.Draw(want, want.Rect, src, src.Rect.Min, draw.Src)
	if off := largestDifference(dst, want); off != 0 {
		t.Errorf("pixels differ by up to %d", off)
	}
}

func TestScale_EndsWithTheCauseOfItsContext(t *testing.T) {
	t.Parallel()
	err := scale(cancelled(t), image.NewRGBA(image.Rect(0, 0, 2, 2)), noise(image.Pt(4, 4)))
	if !errors.Is(err, errCalledOff) {
		t.Errorf("got %v", err)
	}
}
