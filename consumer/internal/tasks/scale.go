package tasks

import (
	"context"
	"image"

	"golang.org/x/image/draw"
)

// stripSize is how many rows or columns are scaled at once. The scaler needs 32 bytes of memory for
// each pixel that it has scaled in one direction only; strips bound that, and let a context end the
// work in between.
const stripSize = 128

// fit returns the largest size of the same shape as size that is within box, and never larger than
// size itself. No side is less than 1.
func fit(size, box image.Point) image.Point {
	switch {
	case size.X <= box.X && size.Y <= box.Y:
		return size
	case int64(size.X)*int64(box.Y) > int64(size.Y)*int64(box.X):
		return image.Pt(box.X, portion(size.Y, box.X, size.X))
	}
	return image.Pt(portion(size.X, box.Y, size.Y), box.Y)
}

// portion returns n * part / whole, rounded, and at least 1.
func portion(n, part, whole int) int {
	return max(1, int((int64(n)*int64(part)+int64(whole)/2)/int64(whole)))
}

// scale draws the image src in the size of dst over what dst has. It returns the cause when ctx ends.
//
// It scales the width first, then the height. Within a pass the other direction keeps its size, in
// which Catmull-Rom leaves every pixel as it is, so strips meet without a seam.
func scale(ctx context.Context, dst *image.RGBA, src image.Image) error {
	narrow := image.NewRGBA(image.Rect(0, 0, dst.Bounds().Dx(), src.Bounds().Dy()))
	if err := scaleWidth(ctx, narrow, src); err != nil {
		return err
	}
	return scaleHeight(ctx, dst, narrow)
}

func scaleWidth(ctx context.Context, dst *image.RGBA, src image.Image) error {
	from := src.Bounds()
	for y := 0; y < from.Dy() && ctx.Err() == nil; y += stripSize {
		end := min(y+stripSize, from.Dy())
		part := image.Rect(from.Min.X, from.Min.Y+y, from.Max.X, from.Min.Y+end)
		draw.CatmullRom.Scale(dst, image.Rect(0, y, dst.Rect.Dx(), end), src, part, draw.Src, nil)
	}
	return context.Cause(ctx)
}

func scaleHeight(ctx context.Context, dst, src *image.RGBA) error {
	for x := 0; x < src.Rect.Dx() && ctx.Err() == nil; x += stripSize {
		end := min(x+stripSize, src.Rect.Dx())
		part := image.Rect(x, 0, end, src.Rect.Dy())
		draw.CatmullRom.Scale(dst, image.Rect(x, 0, end, dst.Rect.Dy()), src, part, draw.Over, nil)
	}
	return context.Cause(ctx)
}
